"""The outcome of every input is stored with its batch."""

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.job import ingest
from ingest.sources import InMemorySource
from storage import Job, JobUpdate, Rejected, Store
from tests.ingest.jobs import Killed
from tests.ingest.outcomes.folder_jobs import WEB_PAGE, ingest_folder, jobs_and_rejects, kill_after_a_batch
from tests.toys import TOY, grey, grey_source, png


def test_a_job_stores_its_counts_and_the_rejected_inputs_with_their_reasons(images: Path, store: Path) -> None:
    ingest_folder(images, store)
    assert jobs_and_rejects(store) == (
        [Job(1, f"folder:{images}", total=4, added=3, rejected=1, finished=True)],
        [Rejected("b.png", WEB_PAGE)],
    )


def test_a_job_that_only_rejects_is_stored_too(images: Path, store: Path) -> None:
    ingest_folder(images, store)
    ingest_folder(images, store)
    jobs, rejects = jobs_and_rejects(store)
    assert jobs[1:] == [Job(2, f"folder:{images}", total=4, unchanged=3, rejected=1, finished=True)]
    assert rejects == [Rejected("b.png", WEB_PAGE)]


def test_a_job_that_changes_nothing_writes_nothing(images: Path, store: Path) -> None:
    (images / "b.png").unlink()
    ingest_folder(images, store)
    before = (store / "catalog.sqlite").read_bytes()
    assert ingest_folder(images, store).unchanged == 3
    assert (store / "catalog.sqlite").read_bytes() == before


def test_a_job_that_was_killed_is_stored_as_far_as_it_was_acknowledged(images: Path, store: Path) -> None:
    with pytest.raises(Killed):
        ingest_folder(images, store, batch_size=2, on_progress=kill_after_a_batch)
    assert jobs_and_rejects(store) == (
        [Job(1, f"folder:{images}", total=4, added=1, rejected=1)],
        [Rejected("b.png", WEB_PAGE)],
    )
    ingest_folder(images, store)
    assert jobs_and_rejects(store)[0][1:] == [
        Job(2, f"folder:{images}", total=4, added=2, unchanged=1, rejected=1, finished=True)
    ]


def test_a_job_that_ended_with_its_last_batch_is_finished_by_one_that_finds_nothing_to_do(
    images: Path, store: Path
) -> None:
    (images / "b.png").unlink()
    ingest_folder(images, store)
    with Store.open(store, writing=True) as opened:
        opened.append([], [], JobUpdate(replace(opened.jobs()[0], finished=False)))
    ingest_folder(images, store)
    assert jobs_and_rejects(store)[0][-1] == Job(2, f"folder:{images}", total=3, unchanged=3, finished=True)


def test_an_input_that_is_stored_later_is_no_longer_listed_as_rejected(images: Path, store: Path) -> None:
    ingest_folder(images, store)
    (images / "b.png").write_bytes(png(grey(51)))
    ingest_folder(images, store)
    assert jobs_and_rejects(store)[1] == []


def test_a_job_no_longer_lists_inputs_that_its_source_no_longer_has(images: Path, store: Path) -> None:
    ingest_folder(images, store)
    (images / "b.png").unlink()
    ingest_folder(images, store)
    assert jobs_and_rejects(store)[1] == []


def test_a_key_that_a_source_has_twice_is_stored_once_and_the_other_rejected(store: Path) -> None:
    twice = [*grey_source({"a": 0, "b": 51}), *grey_source({"a": 102})]
    report = ingest(InMemorySource("mine", twice), store, recipe=TOY)
    assert (report.added, report.rejects) == (
        2,
        (Rejected("a", "expected each key once in a source, got 'a' again: give it another key"),),
    )
