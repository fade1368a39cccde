"""`lookalike ingest --dry-run`: it lists what a job would do, and does nothing."""

import json
from pathlib import Path

import pytest

from ingest import job
from tests.ingest.command.outputs import Ingest
from tests.ingest.jobs import no_weights
from tests.storage.stores import files
from tests.toys import grey, png


def test_a_dry_run_lists_what_a_job_would_do_and_does_nothing(
    ingest: Ingest, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "vgg16_factory", no_weights)
    status, out, err = ingest("--dry-run")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "added dark/0.png",
        "added dark/102.png",
        "added dark/51.png",
        "A job would do this: 3 added; nothing was written.",
    ]
    assert not store.exists()


def test_a_dry_run_of_a_second_job_names_every_change(ingest: Ingest, images: Path, store: Path) -> None:
    ingest()
    before = files(store)
    (images / "dark" / "51.png").unlink()
    (images / "dark" / "0.png").rename(images / "black.png")
    (images / "dark" / "102.png").write_bytes(png(grey(103)))
    (images / "dark" / "new.png").symlink_to("nothing.png")
    status, out, err = ingest("--dry-run", "--prune")
    assert (status, out.splitlines()) == (
        3,
        [
            "moved dark/0.png -> black.png",
            "replaced dark/102.png",
            "removed dark/51.png",
            "A job would do this: 0 added, 1 replaced, 1 moved, 1 removed, 1 rejected; nothing was written.",
        ],
    )
    assert err.startswith("rejected dark/new.png: ")
    status, out, _ = ingest("--dry-run", "--json")
    document = json.loads(out)
    assert [reject["key"] for reject in document.pop("rejects")] == ["dark/new.png"]
    assert (status, document) == (
        3,
        {
            "added": 0,
            "unchanged": 0,
            "replaced": 1,
            "moved": 1,
            "relabelled": 0,
            "gone": 1,
            "pruned": 0,
            "most_are_gone": False,
            "rejected": 1,
            "columns": {},
            "items": 3,
            "changes": [
                {"change": "moved", "key": "black.png", "moved_from": "dark/0.png"},
                {"change": "replaced", "key": "dark/102.png", "moved_from": None},
            ],
        },
    )
    assert files(store) == before
