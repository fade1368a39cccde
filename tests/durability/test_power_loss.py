"""The power is cut at any time: what was acknowledged survives, and bugs that lose it are noticed."""

import re
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from benchmarks.durability.findings import EXAMPLES, Kind, Tally
from benchmarks.durability.power_loss import power_loss_report
from benchmarks.durability.power_loss.disk import Tree
from benchmarks.durability.power_loss.disk_states import JOURNAL, DiskState, draw_states
from benchmarks.durability.power_loss.power_loss_report import PowerLossReport, cut_power
from benchmarks.durability.tracing.operations import Acknowledge, Create, Operation, Resize, SyncFile, SyncFolder, Write
from tests.durability.mutants.registry import setup_of
from tests.durability.tables import shown


@pytest.mark.usefixtures("traced")
def test_no_power_cut_in_the_work_or_in_a_recovery_loses_anything() -> None:
    report = cut_power(300, seed=0)
    assert (report.ok, report.tally, report.states, report.skipped) == (True, Tally(), 300, None)
    assert report.recoveries == 6
    assert report.recovery_states >= 15
    assert report.resumed == 30
    assert report.cuts > 1_400


@pytest.mark.usefixtures("traced")
def test_an_index_file_that_is_neither_synced_nor_compared_with_its_sha256_is_noticed() -> None:
    mutants = ("file_not_flushed", "generation_unchecked", "columns_unchecked")
    report = cut_power(250, seed=0, setup=setup_of(*mutants))
    assert report.as_json()["plant"] == f"tests.durability.mutants.registry:install {' '.join(mutants)}"
    assert report.tally.counts.keys() == {Kind.UNOPENABLE, Kind.UNCLEAN}
    assert len(report.tally.examples) == EXAMPLES


@pytest.mark.usefixtures("traced")
def test_few_states_are_as_many_as_were_asked_for() -> None:
    # Fewer are left for the second cut than a recovery has.
    report = cut_power(40, seed=0)
    assert (report.ok, report.states, report.recoveries, report.recovery_states) == (True, 40, 1, 4)


@pytest.mark.usefixtures("traced")
def test_until_a_bad_state_is_found_fewer_are_opened() -> None:
    report = cut_power(90, seed=0, setup=setup_of("file_not_flushed"), until_bad=True)
    assert report.tally.bad > 0
    assert (report.states, report.recoveries, report.recovery_states) == (27, 0, 0)


def test_states_come_with_the_last_step_that_was_acknowledged_before_them() -> None:
    operations: list[Operation] = [
        Create("f", 0),
        SyncFolder("."),
        Acknowledge(0),
        Write(0, 0, b"x"),
        SyncFile(0),
        Acknowledge(1),
    ]
    acknowledged: dict[bytes | None, set[int]] = defaultdict(set)
    for state in draw_states(operations, 99, np.random.default_rng(0)):
        acknowledged[state.tree.get("f")].add(state.acknowledged)
    expected = {None: {-1}, b"": {-1, 0}, bytes(1): {0}, b"x": {0, 1}}
    assert {data: acknowledged[data] for data in expected} == expected
    assert all(steps == {0} for data, steps in acknowledged.items() if data not in expected)


def test_an_acknowledgement_before_the_first_cut_counts_in_the_states_of_its_recovery() -> None:
    before = DiskState({"f": b"x"}, 5, "the work")
    states = list(draw_states([Acknowledge(0), Acknowledge(6)], 99, np.random.default_rng(0), before))
    assert [(state.tree, state.acknowledged) for state in states] == [({"f": b"x"}, 5), ({"f": b"x"}, 6)]
    assert states[0].when == "the work, after operation 0, Acknowledge"


def test_states_are_drawn_from_the_whole_work_even_if_few_are_requested() -> None:
    operations: list[Operation] = [Resize(0, length) for length in range(400)]
    drawn = draw_states(operations, 40, np.random.default_rng(0), DiskState({"f": b""}, -1, "the work"))
    numbers = [int(re.findall(r"operation (\d+)", state.when)[0]) for state in islice(drawn, 40)]
    assert min(numbers) < 20
    assert max(numbers) > 380


def test_drawing_ends_when_there_is_nothing_new() -> None:
    states = list(draw_states([Create("f", 0)], 10, np.random.default_rng(0)))
    assert sorted(len(state.tree) for state in states) == [0, 1]


def test_a_state_needs_recovery_when_its_journal_has_the_magic_bytes() -> None:
    hot = DiskState({JOURNAL: bytes.fromhex("d9d505f920a163d7") + b"..."}, 1, "")
    others: list[Tree] = [{}, {JOURNAL: b""}, {JOURNAL: bytes(20)}]
    assert hot.needs_recovery
    assert not any(replace(hot, tree=tree).needs_recovery for tree in others)


def test_where_nothing_can_be_traced_the_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power_loss_report, "unavailable", lambda: "strace is not installed")
    report = cut_power(100, seed=3)
    assert report == PowerLossReport(3, skipped="strace is not installed")
    assert not report.ok
    assert shown(report.table()) == ["Power cuts", "SKIPPED strace is not installed"]


def test_a_report_counts_the_bad_states_and_shows_some() -> None:
    tally = Tally(Counter({Kind.LOST: 5, Kind.UNOPENABLE: 1}), ["after operation 7"])
    report = PowerLossReport(0, ("module:function", "wal_normal"), 9, 8, 2, 3, 4, tally)
    assert report.as_json() == {
        "seed": 0,
        "plant": "module:function wal_normal",
        "cuts": 9,
        "states": 8,
        "recoveries": 2,
        "states_of_recoveries": 3,
        "went_on": 4,
        "lost": 5,
        "wrong_labels": 0,
        "unopenable": 1,
        "unclean": 0,
        "not_identical": 0,
        "examples": ["after operation 7"],
        "skipped": None,
        "bad": 6,
        "ok": False,
    }
    assert shown(report.table()) == [
        "Power cuts, after module:function wal_normal",
        "cut after 9 operations",
        "states opened 8",
        "of them after a cut recovery 3 of 2 recoveries",
        "work resumed to the end 4",
        "lost 5",
        "wrong labels 0",
        "unopenable 1",
        "unclean 0",
        "not identical 0",
        "example after operation 7",
    ]
