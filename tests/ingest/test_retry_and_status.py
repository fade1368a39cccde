"""The outcome of every input is stored with its batch, shown by `status`, and retried by `retry`."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ingest import job, retry_job
from ingest.__main__ import jobs_app
from ingest.embedding.recipes import RECIPES
from ingest.errors import InvalidCount, SourceUnusable
from ingest.job import ingest
from ingest.pipeline.progress import IngestReport, Progress
from ingest.retry_job import retry
from ingest.sources import InMemorySource, SourceImage
from storage import Job, JobUpdate, Rejected, Store
from tests.commands import Command
from tests.errors import error_message
from tests.ingest.images.refusals import DECODABLE
from tests.ingest.jobs import Killed
from tests.toys import TOY, grey, grey_source, png, toy_backbone, write_greys

WEB_PAGE = f"{DECODABLE} b.png: a web page"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = write_greys(tmp_path / "images", {"a.png": 0, "c.png": 102, "d.png": 153})
    (folder / "b.png").write_bytes(b"<html>")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "toy", TOY)
    for module in (job, retry_job):
        monkeypatch.setattr(module, "vgg16_factory", lambda *_, **__: toy_backbone())


def ingest_folder(
    images: Path, store: Path, batch_size: int = 512, on_progress: Callable[[Progress], None] = lambda _: None
) -> IngestReport:
    recipe = None if Store.exists_at(store) else TOY
    return ingest(f"folder:{images}", store, recipe=recipe, batch_size=batch_size, on_progress=on_progress)


def kill_after_a_batch(progress: Progress) -> None:
    if progress.done:
        raise Killed


def retried(store: Path) -> IngestReport:
    """Retry, where there must be something to do."""
    report = retry(store)
    assert report is not None
    return report


def jobs_and_rejects(store: Path) -> tuple[list[Job], list[Rejected]]:
    with Store.open(store) as opened:
        return opened.jobs(), opened.rejects()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(jobs_app, monkeypatch, capsys)


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


def test_retry_ingests_the_rejected_inputs_only(images: Path, store: Path) -> None:
    ingest_folder(images, store)
    (images / "b.png").write_bytes(png(grey(51)))
    (images / "e.png").write_bytes(png(grey(204)))
    report = retried(store)
    assert (report.added, report.unchanged, report.rejected, report.items) == (1, 0, 0, 4)
    assert jobs_and_rejects(store) == (
        [
            Job(1, f"folder:{images}", total=4, added=3, rejected=1, finished=True),
            Job(2, f"folder:{images}", total=1, added=1, finished=True),
        ],
        [],
    )
    assert retry(store) is None


def test_retry_rejects_what_is_still_bad_again_with_its_new_reason(images: Path, store: Path) -> None:
    ingest_folder(images, store)
    (images / "b.png").write_bytes(b"")
    report = retried(store)
    assert report.rejects == (Rejected("b.png", WEB_PAGE.replace("a web page", "an empty file")),)
    assert jobs_and_rejects(store)[1] == list(report.rejects)


def test_retry_no_longer_lists_inputs_that_the_source_no_longer_has(images: Path, store: Path) -> None:
    ingest_folder(images, store)
    (images / "b.png").unlink()
    report = retried(store)
    assert (report.added, report.rejected) == (0, 0)
    assert jobs_and_rejects(store)[1] == []


def test_retry_still_lists_inputs_of_a_folder_behind_a_link(images: Path, store: Path, tmp_path: Path) -> None:
    (images / "sub").mkdir()
    (images / "sub" / "bad.png").write_bytes(b"<html>")
    ingest_folder(images, store)
    (images / "sub").rename(tmp_path / "elsewhere")
    (images / "sub").symlink_to(tmp_path / "elsewhere")
    retried(store)
    assert "sub/bad.png" in [reject.key for reject in jobs_and_rejects(store)[1]]


def test_a_job_no_longer_lists_inputs_that_its_source_no_longer_has(images: Path, store: Path) -> None:
    ingest_folder(images, store)
    (images / "b.png").unlink()
    ingest_folder(images, store)
    assert jobs_and_rejects(store)[1] == []


def test_retry_resumes_a_job_that_was_stopped_with_its_options(images: Path, store: Path) -> None:
    (images / "sub").mkdir()
    (images / "sub" / "z.png").write_bytes(png(grey(7)))

    with pytest.raises(Killed):
        ingest(f"folder:{images}", store, recipe=TOY, flat=True, limit=5, batch_size=1, on_progress=kill_after_a_batch)
    assert retried(store).items == 4
    jobs, _ = jobs_and_rejects(store)
    assert [entry.source for entry in jobs] == [f"folder:{images} --limit=5 --flat"] * 2
    with Store.open(store) as opened:
        assert opened.label_counts() == {None: 4}


def test_a_source_that_a_program_passed_as_an_object_is_not_opened_by_its_name(store: Path) -> None:
    source = InMemorySource("mnist-sample", [SourceImage("a", lambda: b""), *grey_source({"b": 51})])
    ingest(source, store, recipe=TOY)
    assert error_message(SourceUnusable, retry, store) == (
        "expected a source that a command can open again, got (mnist-sample), which a program passed as an object: "
        "have it call `ingest` again"
    )


def test_a_key_that_a_source_has_twice_is_stored_once_and_the_other_rejected(store: Path) -> None:
    twice = [*grey_source({"a": 0, "b": 51}), *grey_source({"a": 102})]
    report = ingest(InMemorySource("mine", twice), store, recipe=TOY)
    assert (report.added, report.rejects) == (
        2,
        (Rejected("a", "expected each key once in a source, got 'a' again: give it another key"),),
    )


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


def test_retry_ends_as_an_ingest_does(run: Command, images: Path, store: Path) -> None:
    ingest_folder(images, store)
    assert run("retry", "--store", store)[0] == 3
    (images / "b.png").write_bytes(png(grey(51)))
    status, out, _ = run("retry", "--store", store, "--json")
    assert (status, json.loads(out)["added"]) == (0, 1)
    assert run("retry", "--store", store)[:2] == (
        0,
        f"Nothing to retry: {store} has no stopped job and no rejected input.\n",
    )


def test_a_batch_size_below_one_is_refused_by_a_retry(images: Path, store: Path) -> None:
    ingest_folder(images, store)
    assert error_message(InvalidCount, retry, store, batch_size=0) == (
        "expected the batch size to be a whole number of at least 1, got 0: leave it out for 512"
    )
    assert [entry.number for entry in jobs_and_rejects(store)[0]] == [1]
