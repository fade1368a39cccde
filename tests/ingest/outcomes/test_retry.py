"""`retry` ingests rejected inputs again, and resumes a job that was stopped."""

import json
from pathlib import Path

import pytest

from ingest.errors import InvalidCount, SourceUnusable
from ingest.job import ingest
from ingest.pipeline.progress import IngestReport
from ingest.retry_job import retry
from ingest.sources import InMemorySource, SourceImage
from storage import Job, Rejected, Store
from tests.commands import Command
from tests.errors import error_message
from tests.ingest.jobs import Killed
from tests.ingest.outcomes.folder_jobs import WEB_PAGE, ingest_folder, jobs_and_rejects, kill_after_a_batch
from tests.toys import TOY, grey, grey_source, png


def retried(store: Path) -> IngestReport:
    """Retry, where there must be something to do."""
    report = retry(store)
    assert report is not None
    return report


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


def test_retry_ends_as_an_ingest_does(run: Command, images: Path, store: Path) -> None:
    ingest_folder(images, store)
    status, out, _ = run("retry", "--store", store)
    assert status == 3
    assert out.startswith("0 added, 1 rejected in ")
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
