"""`status` shows jobs and rejected inputs."""

import json
import shlex
from pathlib import Path

from storage import Store
from storage.types.jobs import Job, JobUpdate
from tests.commands import Command
from tests.ingest.outcomes.folder_jobs import WEB_PAGE, ingest_folder


def test_status_shows_the_jobs_and_what_was_rejected(run: Command, images: Path, store: Path) -> None:
    ingest_folder(images, store)
    status, out, err = run("status", "--store", store)
    lines = [line.rstrip() for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert lines[0] == "3 items, 1 rejected"
    assert lines[-2:] == [
        f"rejected b.png: {WEB_PAGE}",
        f"1 rejected: run `lookalike retry --store {store}`",
    ]
    assert "finished" in out


def test_the_command_that_retries_can_be_copied_to_a_shell(run: Command, images: Path, store: Path) -> None:
    odd = store.with_name("my store's")
    ingest_folder(images, odd)
    retried_by = run("status", "--store", odd)[1].split("`")[-2]
    assert shlex.split(retried_by) == ["lookalike", "retry", "--store", str(odd)]


def test_status_as_json_is_the_only_thing_on_standard_output(run: Command, images: Path, store: Path) -> None:
    ingest_folder(images, store)
    status, out, _ = run("status", "--store", store, "--json")
    assert (status, json.loads(out)) == (
        0,
        {
            "items": 3,
            "jobs": [
                {
                    "number": 1,
                    "source": f"folder:{images}",
                    "total": 4,
                    "added": 3,
                    "replaced": 0,
                    "unchanged": 0,
                    "rejected": 1,
                    "finished": True,
                    "moved": 0,
                    "relabelled": 0,
                    "pruned": 0,
                }
            ],
            "rejects": [{"key": "b.png", "reason": WEB_PAGE}],
        },
    )


def test_the_newest_of_many_jobs_are_shown(run: Command, images: Path, store: Path) -> None:
    ingest_folder(images, store)
    with Store.open(store, writing=True) as opened:
        opened.write_jobs([JobUpdate(Job(number, f"(job {number})", 1, finished=True)) for number in range(2, 503)])
    status, out, _ = run("status", "--store", store)
    title, _, _, _, first, *_ = out.splitlines()
    assert (status, title.partition("; ")[2].rstrip()) == (0, "the newest 500 of 502 jobs:")
    assert "(job 3)" in first
    assert len(json.loads(run("status", "--store", store, "--json")[1])["jobs"]) == 502
