"""The power is cut at any moment: what was acknowledged is there, and bugs that lose it are noticed."""

import re
from collections import defaultdict
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from benchmarks.durability.power_loss import power_cuts
from benchmarks.durability.power_loss.cut_states import JOURNAL, State, states_of
from benchmarks.durability.power_loss.disk import Tree
from benchmarks.durability.power_loss.power_cuts import EXAMPLES, PowerCutReport, cut_power
from benchmarks.durability.tracing.operations import Acknowledge, Create, Operation, Resize, SyncFile, SyncFolder, Write
from tests.durability.tables import shown


@pytest.mark.usefixtures("traced")
def test_no_power_cut_in_the_work_or_in_a_recovery_loses_anything() -> None:
    report = cut_power(600, seed=0)
    assert (report.ok, report.examples, report.states, report.skipped) == (True, (), 600, None)
    assert report.recoveries == 12
    assert report.states_of_recoveries >= 30
    assert report.went_on == 60
    assert report.cuts > 1_400


@pytest.mark.usefixtures("traced")
def test_an_index_file_that_is_neither_flushed_nor_compared_with_its_sha256_is_noticed() -> None:
    report = cut_power(200, seed=0, plant="file-not-flushed+generation-unchecked")
    assert report.plant == "file-not-flushed+generation-unchecked"
    assert (report.unopenable > 0, report.unclean > 0, report.lost, report.wrong_labels) == (True, True, 0, 0)
    assert len(report.examples) == EXAMPLES


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
    for state in states_of(operations, 99, np.random.default_rng(0)):
        acknowledged[state.tree.get("f")].add(state.acknowledged)
    expected = {None: {-1}, b"": {-1, 0}, bytes(1): {0}, b"x": {0, 1}}
    assert {data: acknowledged[data] for data in expected} == expected
    assert all(steps == {0} for data, steps in acknowledged.items() if data not in expected)


def test_a_step_acknowledged_before_counts_though_the_one_who_recovers_begins_again() -> None:
    before = State({"f": b"x"}, 5, "the work")
    found = list(states_of([Acknowledge(0), Acknowledge(6)], 99, np.random.default_rng(0), before))
    assert [(state.tree, state.acknowledged) for state in found] == [({"f": b"x"}, 5), ({"f": b"x"}, 6)]
    assert found[0].came == "the work, after operation 0, Acknowledge"


def test_states_are_drawn_from_the_whole_work_even_if_few_are_asked_for() -> None:
    operations: list[Operation] = [Resize(0, length) for length in range(400)]
    drawn = states_of(operations, 40, np.random.default_rng(0), State({"f": b""}, -1, "the work"))
    places = [int(re.findall(r"operation (\d+)", state.came)[0]) for state in islice(drawn, 40)]
    assert min(places) < 20
    assert max(places) > 380


def test_drawing_ends_when_there_is_nothing_new() -> None:
    states = list(states_of([Create("f", 0)], 10, np.random.default_rng(0)))
    assert sorted(len(state.tree) for state in states) == [0, 1]


def test_a_state_with_a_journal_to_roll_back_is_known_by_the_journal_s_first_bytes() -> None:
    hot = State({JOURNAL: bytes.fromhex("d9d505f920a163d7") + b"..."}, 1, "")
    nothing: list[Tree] = [{}, {JOURNAL: b""}, {JOURNAL: bytes(20)}]
    assert hot.to_recover
    assert not any(replace(hot, tree=tree).to_recover for tree in nothing)


def test_where_nothing_can_be_traced_the_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power_cuts, "unavailable", lambda: "strace is not installed")
    report = cut_power(100, seed=3)
    assert report == PowerCutReport(3, None, skipped="strace is not installed")
    assert not report.ok
    assert shown(report.table()) == ["Power cuts", "SKIPPED strace is not installed"]


def test_a_report_counts_the_bad_states_and_shows_some() -> None:
    report = PowerCutReport(0, "wal-normal", 9, 8, 2, 3, 4, lost=5, unopenable=1, examples=("after operation 7",))
    assert (report.bad, report.ok) == (6, False)
    assert [report.as_json()[name] for name in ("plant", "lost", "bad", "ok")] == ["wal-normal", 5, 6, False]
    assert shown(report.table()) == [
        "Power cuts, planted: wal-normal",
        "cut after 9 operations",
        "states opened 8",
        "of them after a cut recovery 3 of 2 recoveries",
        "worked on to the end 4",
        "lost 5",
        "wrong labels 0",
        "unopenable 1",
        "unclean 0",
        "not identical 0",
        "example after operation 7",
    ]
