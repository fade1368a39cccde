"""Writers that are killed at any time lose nothing, and their stores end like those of uninterrupted writers."""

import dataclasses

import pytest

from benchmarks.durability.crashes import crash_report
from benchmarks.durability.crashes.crash_report import (
    CrashReport,
    crash_at_each_call,
    crash_at_each_system_call,
    crash_at_random,
    drop_at_each_call,
)
from benchmarks.durability.crashes.crash_trial import CrashTrial
from benchmarks.durability.findings import Finding, Kind, Tally
from tests.durability.tables import shown


def unharmed(report: CrashReport) -> CrashReport:
    """Return the report as it must be when no store was harmed, whatever was tried."""
    return dataclasses.replace(report, tally=Tally(), skipped=None)


def test_nothing_is_lost_in_60_kills_at_random_times() -> None:
    report = crash_at_random(60, seed=1)
    assert report == unharmed(report)
    assert 60 <= report.kills == sum(report.by_step.values())
    assert report.recoveries > 5
    assert report.by_step.keys() >= {"create", "append", "delete", "compact", "publish", "open"}


def test_nothing_is_lost_in_kills_at_crash_points_of_our_own_code() -> None:
    report = crash_at_each_call(stride=13)
    assert report == unharmed(report)
    assert report.trials > 25
    assert report.recoveries > 5


def test_nothing_is_lost_when_a_store_is_dropped_in_the_middle_of_its_work_and_another_writer_follows() -> None:
    # By this seed a ninth of the drops are in every kind of step; most are in publications.
    report = drop_at_each_call(stride=9, seed=3)
    assert report == unharmed(report)
    assert report.trials > 30
    assert report.by_step.keys() >= {"create", "append", "delete", "compact", "publish"}


@pytest.mark.usefixtures("traced")
def test_nothing_is_lost_in_kills_at_system_calls() -> None:
    report = crash_at_each_system_call(stride=23)
    assert report == unharmed(report)
    assert report.trials > 30


def test_a_report_counts_stores_by_kind_of_finding_and_kills_by_step() -> None:
    trials = [
        CrashTrial(["append", "open"], []),
        CrashTrial(["append"], [Finding(Kind.LOST, "it holds 3"), Finding(Kind.LOST, "it holds 4")]),
        CrashTrial([], [Finding(Kind.UNOPENABLE, "the work cannot be resumed: what?")]),
    ]
    report = CrashReport.of_trials("random moments", 7, ("module:function", "two_commits"), trials)
    assert not report.ok
    assert report.as_json() == {
        "how": "random moments",
        "seed": 7,
        "plant": "module:function two_commits",
        "trials": 3,
        "kills": 3,
        "recoveries": 1,
        "by_step": {"append": 2, "open": 1},
        "lost": 1,
        "wrong_labels": 0,
        "unopenable": 1,
        "unclean": 0,
        "not_identical": 0,
        "problems": [
            "lost: it holds 3 (killed in append)",
            "lost: it holds 4 (killed in append)",
            "unopenable: the work cannot be resumed: what? (not killed)",
        ],
        "skipped": None,
    }
    assert shown(report.table()) == [
        "Kills at random moments, after module:function two_commits",
        "kills 3 of 3 stores, 1 while resuming",
        "under way append 2, open 1",
        "lost 1",
        "wrong labels 0",
        "unopenable 1",
        "unclean 0",
        "not identical 0",
        "example lost: it holds 3 (killed in append)",
        "example lost: it holds 4 (killed in append)",
        "example unopenable: the work cannot be resumed: what? (not killed)",
    ]


def test_where_nothing_can_be_traced_the_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash_report, "unavailable", lambda: "strace is not installed")
    report = crash_at_each_system_call(("fsync",))
    assert (report.trials, report.ok, report.skipped) == (0, False, "strace is not installed")
    assert shown(report.table()) == ["Kills at each system call", "SKIPPED strace is not installed"]


def test_a_trial_is_the_same_after_it_was_sent_as_json() -> None:
    trial = CrashTrial(["append", "open"], [Finding(Kind.UNCLEAN, "index.faiss is not what was published last")])
    assert CrashTrial.from_json(trial.to_json()) == trial
