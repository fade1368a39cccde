"""`lookalike renew`: what it prints, and how it ends."""

import json
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest import job, renew_job
from ingest.__main__ import app, jobs_app
from ingest.embedding import embedder
from ingest.job import ingest
from ingest.renew_job import renew
from tests.commands import Command
from tests.toys import ToyBackbone, toy_backbone, write_greys


def test_ctrl_c_stops_after_a_batch_and_the_same_command_goes_on(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Command(jobs_app, monkeypatch, capsys)
    interrupting = threading.Event()

    class Interrupting(ToyBackbone):
        def features(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
            # Not while the head is fitted: its 18 images take three batches.
            if self.batches == 3 and not interrupting.is_set():
                interrupting.set()
                os.kill(os.getpid(), signal.SIGINT)
            return super().features(images)

    monkeypatch.setattr(renew_job, "vgg16_factory", lambda *_, **__: toy_backbone(Interrupting()))
    code, out, err = run("renew", "--store", store, "--recipe", "narrow", "--batch-size", "4")
    assert (code, out) == (130, "")
    assert err.endswith("interrupted: everything acknowledged so far is kept; run the same command again to go on\n")
    code, out, _ = run("renew", "--store", store, "--recipe", "narrow")
    assert (code, out.partition(" in ")[0]) == (0, "18 renewed")


def test_the_command_says_what_it_did(
    images: Path, store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Command(jobs_app, monkeypatch, capsys)
    (images / "dark/0.png").unlink()
    code, out, _ = run("renew", "--store", store, "--recipe", "narrow")
    assert (code, out) == (1, "")
    code, out, err = run("renew", "--store", store, "--recipe", "narrow", "--drop-missing")
    before, _, after = out.partition(" s; ")
    assert (code, before.partition(" in ")[0]) == (0, "17 renewed, 1 missing dropped")
    assert after == f"{store} holds 17 items under new ids (recipe from toy to narrow, head fitted on 17 images).\n"
    assert err.splitlines()[-1] == (
        f"the catalog still has the space of the old rows: `lookalike store delete --compact --store {store}` gives it "
        "back, and deletes no item"
    )
    code, out, _ = run("renew", "--store", store)
    assert (code, out) == (
        0,
        f"Nothing to do: {store} holds 17 items with the vectors that would be made anew (recipe narrow).\n",
    )
    code, out, _ = run("renew", "--store", store, "--json")
    assert json.loads(out)["renewed"] == 0


def test_a_job_that_outgrows_the_head_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images, store = tmp_path / "images", tmp_path / "store"
    write_greys(images, {f"{number}.png": number for number in range(20)})
    monkeypatch.setattr(embedder, "ENOUGH_IMAGES", 18)
    run = Command(app, monkeypatch, capsys)
    monkeypatch.setattr(job, "vgg16_factory", lambda *_, **__: toy_backbone())
    command = (f"folder:{images}", "--store", store)
    assert run(*command, "--recipe", "toy", "--limit", 9)[2].endswith("writing the index: 9 of 9\n")
    assert run(*command, "--limit", 17)[2].endswith("writing the index: 17 of 17\n")
    assert run(*command)[2].endswith(
        "writing the index: 20 of 20\n"
        "the head was fitted on 9 images, and the store has 20 by now: "
        f"`lookalike renew --store {store}` makes better vectors\n"
    )
    assert renew(store).fitted_on == 20
    report = ingest(f"folder:{images}", store)
    assert (report.fitted_on, report.outgrown) == (20, False)
