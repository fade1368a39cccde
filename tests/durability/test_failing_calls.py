"""The system refuses to write: a clear error or none, nothing acknowledged lost, and the same store in the end."""

import itertools
from pathlib import Path

import pytest

from benchmarks.durability.failing_calls import refusals, small_disks
from benchmarks.durability.failing_calls.refusals import Ending, RefusalReport, SmallDisk, ending_of, refuse
from benchmarks.durability.failing_calls.refused_calls import CALLS, ERRORS, Refusal, files_of, refusals_of, run_refused
from benchmarks.durability.workload import wrong_with
from benchmarks.durability.writer import STORE, Job, Ran
from benchmarks.errors import BenchmarkFailed
from tests.durability.tables import shown


@pytest.mark.usefixtures("traced")
def test_no_refused_call_and_no_full_disk_loses_anything_or_ends_unclearly() -> None:
    report = refuse(stride=100, disk_step=112)
    assert (report.ok, report.examples) == (True, ())
    assert report.cases == report.carried_on + report.clear_error
    assert report.cases > 50
    assert report.small_disks == 4
    # Twice the same error, once and for ever, at each kind of call.
    assert report.carried_on > 10
    assert report.clear_error > 30


def test_where_nothing_can_be_traced_or_mounted_the_size_of_files_is_limited_and_the_report_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refusals, "unavailable", lambda: "strace is not installed")
    monkeypatch.setattr(small_disks, "no_mounting", lambda: "Operation not permitted")
    report = refuse(disk_step=112)
    assert report == RefusalReport(
        seed=0,
        stride=1,
        cases=4,
        small_disks=4,
        small_disk="largest file",
        carried_on=report.carried_on,
        clear_error=4 - report.carried_on,
        skipped="no system call was refused: strace is not installed; "
        "no disk was mounted, the size of files was limited instead: Operation not permitted",
    )
    assert 0 < report.carried_on < 4


@pytest.mark.usefixtures("traced")
def test_every_call_that_writes_the_store_is_refused_with_each_error_once_and_for_ever(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in ("recorded", "all", "few")]
    for root in roots:
        root.mkdir()
    files = files_of(Job(roots[0] / STORE), roots[0])
    assert files[:3] == [".", "store", "store/catalog.sqlite"]
    assert files[-2:] == ["store/index/new.tmp", "store/writer.lock"]
    kinds = set(itertools.product(CALLS, ERRORS, (False, True)))
    every = refusals_of(Job(roots[1] / STORE), roots[1], files)
    assert {(refusal.call, refusal.error, refusal.lasting) for refusal in every} == kinds
    written = sorted(refusal.number for refusal in every if refusal.call == "pwrite64")
    assert written[::4] == list(range(1, len(written) // 4 + 1))
    few = refusals_of(Job(roots[2] / STORE), roots[2], files, stride=10**9)
    assert len(few) == len(kinds)
    assert set(few) <= set(every)


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    ("refusal", "acknowledged", "outcome"),
    [
        (Refusal("mkdir", 1, "ENOSPC", False), -1, "expected to write {store}, got 'No space left on device': "),
        (Refusal("write", 1, "EIO", True), 2, "expected to write {store}/index, got 'Input/output error': "),
        (
            Refusal("fdatasync", 1, "EIO", True),
            -1,
            "expected to read and write {store}/catalog.sqlite.tmp, got 'disk I/O",
        ),
        (Refusal("link", 1, "EIO", True), 11, ""),
    ],
)
def test_a_refused_writer_says_how_far_it_came_and_why_it_ended(
    tmp_path: Path, refusal: Refusal, acknowledged: int, outcome: str
) -> None:
    recorded, refused = tmp_path / "recorded", tmp_path / "refused"
    for root in (recorded, refused):
        root.mkdir()
    job = Job(refused / STORE)
    ran = run_refused(job, refused, files_of(Job(recorded / STORE), recorded), refusal)
    assert ran.acknowledged == acknowledged
    said = "refused StoreUnwritable: " + outcome.format(store=job.folder) if outcome else "done"
    assert ran.outcome.startswith(said)
    assert wrong_with(job.folder, acknowledged) == []


@pytest.mark.usefixtures("traced")
def test_a_refusal_that_no_call_meets_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkFailed, match="expected EIO at mkdir 99, got a run that came to no such call"):
        run_refused(Job(tmp_path / STORE), tmp_path, [STORE], Refusal("mkdir", 99, "EIO", False))


CLEAR = "refused StoreUnwritable: expected to write /r/store/index, got 'No space left on device': go on"


@pytest.mark.parametrize(
    ("ran", "ending"),
    [
        (Ran(0, "ack 0\ndone\n", ""), Ending.CARRIED_ON),
        (Ran(1, f"ack 0\n{CLEAR}\n", ""), Ending.CLEAR_ERROR),
        (Ran(1, CLEAR.replace("No space left on device", "disk I/O error"), ""), Ending.CLEAR_ERROR),
        (Ran(1, CLEAR.replace("No space left on device", "something"), ""), Ending.UNCLEAR_ERROR),
        (Ran(1, CLEAR.replace("/r/store/index", "a file"), ""), Ending.UNCLEAR_ERROR),
        (Ran(1, CLEAR.replace("StoreUnwritable", "StoreCorrupt"), ""), Ending.UNCLEAR_ERROR),
        (Ran(1, "broken OSError: [Errno 28] No space left on device: '/r/store/index'", ""), Ending.UNCLEAR_ERROR),
        (Ran(1, CLEAR, "Traceback (most recent call last):"), Ending.UNCLEAR_ERROR),
        (Ran(0, "done", "Exception ignored in: ..."), Ending.UNCLEAR_ERROR),
        (Ran(1, "", ""), Ending.UNCLEAR_ERROR),
        (Ran(-11, "ack 0\n", ""), Ending.KILLED),
        (Ran(None, "ack 0\n", ""), Ending.HUNG),
    ],
)
def test_only_our_own_error_with_a_path_and_a_reason_is_a_clear_ending(ran: Ran, ending: Ending) -> None:
    assert ending_of(ran) is ending


def test_a_writer_s_last_acknowledgement_and_last_line_are_read_from_what_it_said() -> None:
    assert (Ran(0, "ack 0\nack 9\nack 10\ndone\n", "").acknowledged, Ran(0, "", "").acknowledged) == (10, -1)
    assert (Ran(0, "ack 0\ndone\n", "").outcome, Ran(0, "", "").outcome) == ("done", "")


def test_a_report_counts_bad_endings_and_bad_stores_and_shows_some() -> None:
    report = RefusalReport(
        0,
        60,
        None,
        8,
        9,
        2,
        "mounted",
        3,
        4,
        killed=1,
        lost=2,
        examples=(f"{SmallDisk(8, True)}: gone",),
        skipped="why",
    )
    assert [report.as_json()[name] for name in ("seed", "cases", "lost", "bad", "ok")] == [0, 9, 2, 3, False]
    assert shown(report.table()) == [
        "Refused writes",
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
    ]
