"""Images that a job rejects, each with a reason, while the others go on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.errors import UnreadableImage
from ingest.sources import InMemorySource, SourceImage
from storage import Rejected
from tests.ingest.images.refusals import DECODABLE
from tests.ingest.jobs import assert_same_store, contents, job, no_backbone, noise_source, outcome
from tests.toys import grey, grey_source, png


def test_a_bad_image_is_rejected_with_a_reason_and_the_others_keep_their_own_vectors(tmp_path: Path) -> None:
    def missing() -> bytes:
        raise UnreadableImage("expected an image file, got 3.png, which is not a file: name an image")

    good = list(noise_source(20))
    bad = [
        SourceImage("html", lambda: b"<html>"),
        SourceImage("missing", missing),
        SourceImage("float", lambda: np.zeros((2, 2))),  # type: ignore[arg-type, return-value]
        SourceImage("caf\udce9.png", lambda: png(grey(1))),
        SourceImage("two\nlines", lambda: b""),
    ]
    mixed = InMemorySource("mixed", [bad[0], *good[:7], bad[1], bad[2], *good[7:], bad[3], bad[4]])
    report = job(mixed, tmp_path / "mixed", batch_size=6)
    job(noise_source(20), tmp_path / "good")
    assert outcome(report) == (20, 0, 0, 5, 20)
    assert report.rejects == (
        Rejected("html", f"{DECODABLE} html: a web page"),
        Rejected("missing", "expected an image file, got 3.png, which is not a file: name an image"),
        Rejected(
            "float",
            "expected an image as a uint8 array of shape (h, w), (h, w, 3) or (h, w, 4), got float64 (2, 2)",
        ),
        Rejected(r"'caf\udce9.png'", r"expected a name in UTF-8, got 'caf\udce9.png': rename the file"),
        Rejected(r"'two\nlines'", rf"{DECODABLE} 'two\nlines': an empty file"),
    )
    assert_same_store(tmp_path / "mixed", tmp_path / "good")


@pytest.mark.parametrize(
    ("label", "metadata", "reason"),
    [
        ("a\0b", {}, "its label must not contain the NUL character, which PostgreSQL cannot hold"),
        (5, {}, "its label must be a text or None, got int"),
        ("caf\udce9", {}, r"its label must be valid Unicode, got '\udce9' at index 3"),
        (None, {"n": [1]}, "its metadata 'n' must be a text, number, truth value or None, got list"),
        (None, {"n": float("nan")}, "its metadata 'n' must be a finite number or None, got nan"),
        (None, {"n": np.int64(1)}, "its metadata 'n' must be a text, number, truth value or None, got int64"),
        (None, {"n": "a\0"}, "its metadata 'n' must not contain the NUL character, which PostgreSQL cannot hold"),
    ],
)
def test_a_label_or_metadata_that_cannot_be_stored_is_rejected_and_the_others_go_on(
    tmp_path: Path, label: Any, metadata: dict[str, Any], reason: str
) -> None:
    def never_read() -> bytes:
        raise AssertionError("expected no read of what cannot be stored")

    bad = SourceImage("bad", never_read, label, metadata)
    source = InMemorySource("mixed", [*noise_source(3), bad])
    job(noise_source(3), tmp_path / "store")
    report = job(source, tmp_path / "store")
    assert outcome(report) == (0, 0, 3, 1, 3)
    (reject,) = report.rejects
    assert reject.key == "bad"
    assert reject.reason == f"expected an item that can be stored, got key 'bad': {reason}"


def test_an_image_that_was_rejected_is_added_once_it_can_be_read(tmp_path: Path) -> None:
    broken = InMemorySource("one", [SourceImage("a", lambda: b"<html>"), *grey_source({"b": 51})])
    assert outcome(job(broken, tmp_path / "store")) == (1, 0, 0, 1, 1)
    assert outcome(job(grey_source({"a": 7, "b": 51}), tmp_path / "store")) == (1, 0, 1, 0, 2)
    assert [item.key for item in contents(tmp_path / "store")[0]] == ["b", "a"]


def test_an_image_that_becomes_unreadable_stays_as_it_was(tmp_path: Path) -> None:
    job(grey_source({"a": 7, "b": 51}), tmp_path / "store")
    broken = InMemorySource("one", [SourceImage("a", lambda: b"<html>"), *grey_source({"b": 51})])
    assert outcome(job(broken, tmp_path / "store", no_backbone)) == (0, 0, 1, 1, 2)
