"""A damaged image is decoded or refused in one line, without a crash or another error."""

import json

import pytest

from tests.ingest.images.samples import SAMPLES, WRITTEN
from tests.processes import run_python

TIMES = 2_000


@pytest.mark.heavy
def test_randomly_damaged_images_are_decoded_or_refused() -> None:
    done = run_python("-X", "faulthandler", "-m", "tests.ingest.images.bit_flips", TIMES)
    # Libraries write nothing of their own: it would have no file's name.
    assert (done.returncode, done.stderr[-2000:]) == (0, "")
    decoded = json.loads(done.stdout)
    assert decoded.keys() == {*SAMPLES, *WRITTEN}
    # Of each sample some copies must be decoded and some refused, or the damage was too small or too large.
    assert {name: count for name, count in decoded.items() if not 0 < count < TIMES} == {}
