"""Corrupt files: no corrupt index is used, no answer is wrong, nothing crashes or exhausts the memory."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks.durability.corruption import catalog_trials, index_trials
from benchmarks.durability.corruption.corruption_report import (
    CorruptionReport,
    corrupt_catalog,
    corrupt_columns,
    corrupt_index,
)
from benchmarks.durability.corruption.isolated import CorruptionTrial, Outcome, RunTrial, run_isolated
from storage.catalog.batch import Generation
from storage.catalog.row import Row
from storage.columns.arrow_file import parse_columns
from storage.columns.columns import Columns
from storage.files import generations
from storage.nearest.faiss_flat import FaissFlat
from tests.durability.tables import shown

INDEX_KINDS = {
    "truncation",
    "another header",
    "bit flip",
    "several bits",
    "trailing junk",
    "zeroed sector",
    "swapped sectors",
    "sectors of another store",
    "another store's file",
    "the older file",
}
COLUMNS_KINDS = {
    "bit flip",
    "several bits",
    "truncation",
    "trailing junk",
    "zeroed sector",
    "swapped sectors",
    "swapped words",
    "sectors of another file",
    "forged numbers",
}
CATALOG_KINDS = {
    "bit flip",
    "flip in a page's head",
    "several bits",
    "truncation",
    "trailing junk",
    "zeroed sector",
    "zeroed page",
    "swapped pages",
    "stale pages",
    "pages of another store",
    "half a batch, no journal",
    "half a batch, damaged journal",
    "half a batch, cut journal",
    "an older journal",
    "another store's journal",
    "a journal of junk",
}


def test_no_corrupt_index_file_is_used_and_no_answer_changes() -> None:
    report = corrupt_index(400)
    assert report.bad == []
    assert report.ok
    assert report.outcomes.keys() == INDEX_KINDS
    assert report.total("unused") + report.total("right") == report.count == 400
    assert report.total("right") > 10
    # Headers claimed up to 2**62 vectors.
    assert report.memory < 32 * 2**20


def test_no_corrupt_columns_are_used_and_none_of_a_forged_sha256_crash() -> None:
    report = corrupt_columns(400)
    assert report.bad == []
    assert report.ok
    assert report.outcomes.keys() == COLUMNS_KINDS
    assert report.total("unused") + report.total("right") == report.count == 400
    assert report.total("unused") > 100
    assert report.total("right") > 100
    assert report.memory < 32 * 2**20


def test_no_corruption_of_the_catalog_leads_to_a_wrong_answer() -> None:
    report = corrupt_catalog(96)
    assert report.bad == []
    assert report.ok
    assert report.outcomes.keys() == CATALOG_KINDS
    assert sum(report.outcomes["bit flip"].values()) == 48
    assert report.total("right") > 15
    assert report.total("refused") > 15
    assert report.memory < 64 * 2**20


def read_unchecked(generation: Generation, store: Path, dim: int) -> tuple[FaissFlat, Columns] | None:
    """Read a generation without a check of its bytes."""
    index_path, columns_path = generations.paths_of(generation, store)
    with index_path.open("rb") as file:
        index = FaissFlat.read(file, dim, generation.items, lambda _: None)
    columns = parse_columns(pa.py_buffer(columns_path.read_bytes()), generation.items)
    return (index, columns) if index is not None and columns is not None else None


def outcomes(run_trial: RunTrial, numbers: range) -> set[str]:
    return {run_trial(number)[0] for number in numbers}


def test_an_index_that_is_used_unchecked_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_trial = index_trials.make_trials(0, tmp_path)
    assert outcomes(run_trial, range(140, 160)) <= {"unused", "right"}
    monkeypatch.setattr(generations, "read", read_unchecked)
    assert "accepted" in outcomes(run_trial, range(140, 160))


def test_rows_that_are_read_unchecked_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_trial = catalog_trials.make_trials(0, tmp_path)
    monkeypatch.setattr(Row, "intact", True)
    flips = range(0, 200, 2)
    assert any(run_trial(number)[0] == "wrong" for number in flips)


def bad_ends(_: Path) -> RunTrial:
    """Return trials of which number 2 crashes, 4 hangs and 6 asks for more memory than there is."""

    def trial(number: int) -> Outcome:
        if number == 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        if number == 4:
            time.sleep(600)
        if number == 6:
            try:
                return str(len(bytes(2**40))), ""
            except MemoryError:
                return "no memory", ""
        return "right", "a note"

    return trial


def test_a_crash_a_hang_and_a_memory_blow_up_are_reported_and_do_not_end_the_run(tmp_path: Path) -> None:
    trials = list(run_isolated(bad_ends, lambda number: f"kind {number}", tmp_path, 8, trial_seconds=3.0))
    assert [replace(trial, memory=0) for trial in trials] == [
        CorruptionTrial("kind 0", "right", "corruption 0: a note"),
        CorruptionTrial("kind 1", "right", "corruption 1: a note"),
        CorruptionTrial("kind 2", "crashed", "corruption 2"),
        CorruptionTrial("kind 3", "right", "corruption 3: a note"),
        CorruptionTrial("kind 4", "hung", "corruption 4"),
        CorruptionTrial("kind 5", "right", "corruption 5: a note"),
        CorruptionTrial("kind 6", "no memory", "corruption 6: "),
        CorruptionTrial("kind 7", "right", "corruption 7: a note"),
    ]
    # An interpreter takes more than 4 MiB, in bytes.
    assert [trial.memory > 2**22 for trial in trials] == [True, True, False, True, False, True, True, True]


def test_a_report_is_ok_only_when_every_outcome_is_good() -> None:
    good = CorruptionReport("index", 3, 7, {"bit flip": {"unused": 2}, "truncation": {"right": 1}}, [], 10)
    assert good.ok
    assert good.as_json() == {
        "file": "index",
        "count": 3,
        "seed": 7,
        "outcomes": {"bit flip": {"unused": 2}, "truncation": {"right": 1}},
        "bad": [],
        "memory": 10,
    }
    assert shown(good.table()) == [
        "Corrupted index: 3",
        "corruption unused right refused replaced lookup",
        "bit flip 2 0 0 0 0",
        "truncation 0 1 0 0 0",
    ]
    for outcome in ("accepted", "wrong", "unnoticed", "unrepaired", "unnamed", "failed", "crashed", "hung"):
        bad = CorruptionReport("index", 3, 7, {"bit flip": {"unused": 2, outcome: 1}}, ["bit flip: ..."], 10)
        assert not bad.ok
        assert shown(bad.table())[1:] == [
            f"corruption unused right refused replaced lookup {outcome}",
            "bit flip 2 0 0 0 0 1",
        ]
