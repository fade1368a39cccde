"""Writers that are killed at any moment lose nothing, and their stores end like those of writers never interrupted."""

import dataclasses

import pytest

from benchmarks.durability.crashes import kills
from benchmarks.durability.crashes.kills import (
    KillReport,
    killed_at_each_call,
    killed_at_each_system_call,
    killed_at_random,
)
from tests.durability.tables import shown


def unharmed(report: KillReport) -> KillReport:
    """Return what a report must say when no store was harmed, whatever was tried."""
    return dataclasses.replace(
        report, lost=0, wrong_labels=0, unopenable=0, unclean=0, not_identical=0, problems=(), skipped=None
    )


def test_nothing_is_lost_in_200_kills_at_random_moments() -> None:
    report = killed_at_random(200, seed=1)
    assert report == unharmed(report)
    assert 200 <= report.kills == sum(report.by_step.values())
    assert report.recoveries > 20
    assert report.by_step.keys() >= {"create", "append", "delete", "compact", "publish", "open"}


def test_nothing_is_lost_in_kills_before_and_after_our_own_calls() -> None:
    report = killed_at_each_call(stride=3)
    assert report == unharmed(report)
    assert report.trials > 60
    assert report.recoveries > 15


@pytest.mark.usefixtures("traced")
def test_nothing_is_lost_in_kills_at_system_calls() -> None:
    report = killed_at_each_system_call(stride=23)
    assert report == unharmed(report)
    assert report.trials > 30


def test_a_report_counts_stores_by_what_was_wrong_and_kills_by_what_was_under_way() -> None:
    found = [
        {"hit": ["append", "open"], "recoveries": 1, "problems": []},
        {"hit": ["append"], "recoveries": 0, "problems": [["lost", "it holds 3"], ["lost", "it holds 4"]]},
        {"hit": [], "recoveries": 0, "problems": [["unopenable", "the work does not go on: what?"]]},
    ]
    report = kills._report("random moments", 7, "two-commits", found)
    assert report == KillReport(
        how="random moments",
        seed=7,
        plant="two-commits",
        trials=3,
        kills=3,
        recoveries=1,
        by_step={"append": 2, "open": 1},
        lost=1,
        wrong_labels=0,
        unopenable=1,
        unclean=0,
        not_identical=0,
        problems=(
            "lost: it holds 3 (killed in append)",
            "lost: it holds 4 (killed in append)",
            "unopenable: the work does not go on: what? (not killed)",
        ),
    )
    assert not report.ok
    assert report.as_json()["by_step"] == {"append": 2, "open": 1}
    assert shown(report.table()) == [
        "Kills at random moments, planted: two-commits",
        "kills 3 of 3 stores, 1 while going on",
        "under way append 2, open 1",
        "lost 1",
        "wrong labels 0",
        "unopenable 1",
        "unclean 0",
        "not identical 0",
        "problem lost: it holds 3 (killed in append)",
        "problem lost: it holds 4 (killed in append)",
        "problem unopenable: the work does not go on: what? (not killed)",
    ]


def test_where_nothing_can_be_traced_the_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kills, "unavailable", lambda: "strace is not installed")
    report = killed_at_each_system_call(("fsync",))
    assert (report.trials, report.ok, report.skipped) == (0, False, "strace is not installed")
    assert shown(report.table()) == ["Kills at each system call", "SKIPPED strace is not installed"]
