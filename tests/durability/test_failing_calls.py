"""Writes that fail: a clear error or none, nothing acknowledged lost, and the same store in the end."""

import itertools
from pathlib import Path

import pytest

from benchmarks.durability.failing_calls import failing_calls_report, small_disks
from benchmarks.durability.failing_calls.failing_call import (
    CALLS,
    ERRORS,
    FailingCall,
    list_failing_calls,
    run_with_failing_call,
    written_paths,
)
from benchmarks.durability.failing_calls.failing_calls_report import Ending, FailingCallsReport, ending_of, fail_calls
from benchmarks.durability.failing_calls.small_disks import SmallDisk
from benchmarks.durability.findings import Kind, Tally
from benchmarks.durability.judge import wrong_answers
from benchmarks.durability.workload import steps
from benchmarks.durability.writer import STORE, Job, RunResult
from benchmarks.errors import BenchmarkFailed
from tests.durability.tables import shown


@pytest.mark.usefixtures("traced")
def test_no_failing_call_and_no_full_disk_loses_anything_or_ends_with_an_unclear_error() -> None:
    report = fail_calls(stride=100, disk_step=112)
    assert (report.ok, report.tally) == (True, Tally())
    assert report.cases == report.endings[Ending.CARRIED_ON] + report.endings[Ending.CLEAR_ERROR]
    assert report.cases > 50
    assert report.small_disks == 4
    # Twice the same error, once and for ever, at each kind of call.
    assert report.endings[Ending.CARRIED_ON] > 5
    assert report.endings[Ending.CLEAR_ERROR] > 30


def test_where_nothing_can_be_traced_or_mounted_the_size_of_files_is_limited_and_the_report_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(failing_calls_report, "unavailable", lambda: "strace is not installed")
    monkeypatch.setattr(small_disks, "mounting_unavailable", lambda: "Operation not permitted")
    report = fail_calls(disk_step=112)
    carried_on = report.endings[Ending.CARRIED_ON]
    assert report == FailingCallsReport(
        seed=0,
        stride=1,
        cases=4,
        small_disks=4,
        small_disk="largest file",
        endings={Ending.CARRIED_ON: carried_on, Ending.CLEAR_ERROR: 4 - carried_on},
        skipped="no system call was made to fail: strace is not installed; "
        "no disk was mounted, the size of files was limited instead: Operation not permitted",
    )
    assert 0 < carried_on < 4


def new_jobs(folder: Path, count: int) -> list[Job]:
    """Return jobs on new stores, each in a new folder of its own."""
    roots = [folder / str(number) for number in range(count)]
    for root in roots:
        root.mkdir()
    return [Job(root / STORE) for root in roots]


@pytest.mark.usefixtures("traced")
def test_every_call_that_writes_the_store_fails_with_each_error_once_and_for_ever(tmp_path: Path) -> None:
    first, second, third = new_jobs(tmp_path, 3)
    paths = written_paths(first)
    assert paths[:3] == [".", "store", "store/catalog.sqlite"]
    assert {"store/index/new.tmp", "store/renewal/catalog.sqlite", "store/writer.lock"} <= set(paths)
    kinds = set(itertools.product(CALLS, ERRORS, (False, True)))
    every = list_failing_calls(second, paths)
    assert {(failing.call, failing.error, failing.lasting) for failing in every} == kinds
    numbers = sorted(failing.number for failing in every if failing.call == "pwrite64")
    assert numbers[::4] == list(range(1, len(numbers) // 4 + 1))
    few = list_failing_calls(third, paths, stride=10**9)
    assert len(few) == len(kinds)
    assert set(few) <= set(every)


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    ("failing", "acknowledged", "message"),
    [
        (FailingCall("mkdir", 1, "ENOSPC", False), -1, "expected to write {store}, got 'No space left on device': "),
        (FailingCall("write", 1, "EIO", True), 2, "expected to write {store}/index, got 'Input/output error': "),
        (
            FailingCall("fdatasync", 1, "EIO", True),
            -1,
            "expected to read and write {store}/catalog.sqlite.tmp, got 'disk ",
        ),
        (FailingCall("link", 1, "EIO", True), len(steps()), ""),
    ],
)
def test_a_writer_whose_call_fails_reports_its_last_step_and_the_reason(
    tmp_path: Path, failing: FailingCall, acknowledged: int, message: str
) -> None:
    recorded, job = new_jobs(tmp_path, 2)
    result = run_with_failing_call(job, written_paths(recorded), failing)
    assert result.acknowledged == acknowledged
    last_line = "refused StoreUnwritable: " + message.format(store=job.folder) if message else "done"
    assert result.last_line.startswith(last_line)
    assert wrong_answers(job.folder, acknowledged) == []


@pytest.mark.usefixtures("traced")
def test_a_run_without_the_call_that_is_to_fail_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkFailed, match="expected EIO at mkdir 99, got a run without such a call"):
        run_with_failing_call(Job(tmp_path / STORE), [STORE], FailingCall("mkdir", 99, "EIO", False))


CLEAR = "refused StoreUnwritable: expected to write /r/store/index, got 'No space left on device': go on"


@pytest.mark.parametrize(
    ("result", "ending"),
    [
        (RunResult(0, "ack 0\ndone\n"), Ending.CARRIED_ON),
        (RunResult(1, f"ack 0\n{CLEAR}\n"), Ending.CLEAR_ERROR),
        (RunResult(1, CLEAR.replace("No space left on device", "disk I/O error")), Ending.CLEAR_ERROR),
        (RunResult(1, CLEAR.replace("No space left on device", "something")), Ending.UNCLEAR_ERROR),
        (RunResult(1, CLEAR.replace("/r/store/index", "a file")), Ending.UNCLEAR_ERROR),
        (RunResult(1, CLEAR.replace("StoreUnwritable", "StoreCorrupt")), Ending.UNCLEAR_ERROR),
        (RunResult(1, "broken OSError: [Errno 28] No space left on device: '/r/store'"), Ending.UNCLEAR_ERROR),
        (RunResult(1, CLEAR, "Traceback (most recent call last):"), Ending.UNCLEAR_ERROR),
        (RunResult(0, "done", "Exception ignored in: ..."), Ending.UNCLEAR_ERROR),
        (RunResult(1, ""), Ending.UNCLEAR_ERROR),
        (RunResult(-11, "ack 0\n"), Ending.KILLED),
        (RunResult(None, "ack 0\n"), Ending.HUNG),
    ],
)
def test_only_our_own_error_with_a_path_and_a_reason_is_a_clear_ending(result: RunResult, ending: Ending) -> None:
    assert ending_of(result) is ending


def test_a_writer_s_last_acknowledgement_and_last_line_are_read_from_its_output() -> None:
    result, silent = RunResult(0, "ack 0\nack 9\nack 10\ndone\n"), RunResult(0, "")
    assert (result.acknowledged, result.last_line, result.done) == (10, "done", True)
    assert (silent.acknowledged, silent.last_line, silent.done) == (-1, "", False)


def test_a_report_counts_bad_endings_and_bad_stores_and_shows_some() -> None:
    tally = Tally()
    for _ in range(2):
        tally.add([Kind.LOST], [f"{SmallDisk(8, True)}: gone"])
    endings = {Ending.CARRIED_ON: 3, Ending.CLEAR_ERROR: 4, Ending.KILLED: 1}
    report = FailingCallsReport(0, 60, (), 8, 9, 2, "mounted", endings, tally, skipped="why")
    assert report.as_json() == {
        "seed": 0,
        "stride": 60,
        "plant": None,
        "calls": 8,
        "cases": 9,
        "small_disks": 2,
        "small_disk": "mounted",
        "carried_on": 3,
        "clear_error": 4,
        "unclear_error": 0,
        "killed": 1,
        "hung": 0,
        "lost": 2,
        "wrong_labels": 0,
        "unopenable": 0,
        "unclean": 0,
        "not_identical": 0,
        "examples": ["a disk of at most 8 kB: gone"] * 2,
        "skipped": "why",
        "bad": 3,
        "ok": False,
    }
    assert shown(report.table()) == [
        "Failed writes",
        "SKIPPED why",
        "runs 9, one in 60 of those possible",
        "of them on a small disk 2, mounted",
        "carried on 3",
        "clear error 4",
        "unclear error 0",
        "killed 1",
        "hung 0",
        "lost 2",
        "wrong labels 0",
        "unopenable 0",
        "unclean 0",
        "not identical 0",
        "example a disk of at most 8 kB: gone",
        "example a disk of at most 8 kB: gone",
    ]
