"""Files damaged in every way: no damaged index is taken, no answer is wrong, nothing crashes or takes the memory."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.durability.corruption import damaged_catalog, damaged_index, isolated
from benchmarks.durability.corruption.damage import DamageReport, damage_catalog, damage_index
from benchmarks.durability.corruption.isolated import Trial, run_apart
from storage.catalog.batch import Generation
from storage.catalog.row import Row
from storage.files import generations
from storage.nearest.faiss_flat import FaissFlat
from tests.durability.tables import shown
from tests.durability.trials import bad_ends

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


def test_no_damaged_index_file_is_taken_and_no_answer_changes() -> None:
    report = damage_index(400)
    assert report.bad == []
    assert report.ok
    assert report.outcomes.keys() == INDEX_KINDS
    assert report.total("unused") + report.total("right") == report.count == 400
    assert report.total("right") > 10
    # Headers claimed up to 2**62 vectors.
    assert report.memory < 32 * 2**20


def test_no_damage_of_the_catalog_ends_in_a_wrong_answer() -> None:
    report = damage_catalog(160)
    assert report.bad == []
    assert report.ok
    assert report.outcomes.keys() == CATALOG_KINDS
    assert sum(report.outcomes["bit flip"].values()) == 80
    assert report.total("right") > 30
    assert report.total("refused") > 30
    assert report.memory < 64 * 2**20


def read_unchecked(generation: Generation, store: Path, dim: int) -> FaissFlat | None:
    """Read an index file as one would that trusts its size."""
    with generations.path_of(generation, store).open("rb") as file:
        return FaissFlat.read(file, dim, generation.items, lambda _: None)


def outcomes(trial: Callable[[int], Trial], numbers: range) -> set[str]:
    return {trial(number).outcome for number in numbers}


def test_an_index_that_is_taken_unchecked_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = damaged_index.trials(0, tmp_path)
    assert outcomes(trial, range(140, 160)) <= {"unused", "right"}
    monkeypatch.setattr(generations, "read", read_unchecked)
    assert "accepted" in outcomes(trial, range(140, 160))


def test_rows_that_are_read_unchecked_are_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = damaged_catalog.trials(0, tmp_path)
    monkeypatch.setattr(Row, "intact", True)
    flips = range(0, 200, 2)
    assert "wrong" in (trial(number).outcome for number in flips)


def test_a_crash_a_hang_and_hunger_for_memory_are_told_and_end_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "LIMIT_SECONDS", 3.0)
    found = list(run_apart(bad_ends, lambda number: f"kind {number}", tmp_path, 8))
    assert found == [
        Trial("other", "right", memory=0),
        Trial("other", "right", memory=1),
        Trial("kind 2", "crashed", "damage 2"),
        Trial("other", "right", memory=3),
        Trial("kind 4", "hung", "damage 4"),
        Trial("other", "right", memory=5),
        Trial("six", "no memory"),
        Trial("other", "right", memory=7),
    ]


def test_a_report_is_ok_only_when_every_outcome_is_good() -> None:
    good = DamageReport("index", 3, 7, {"bit flip": {"unused": 2}, "truncation": {"right": 1}}, [], 10)
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
        "Damaged index: 3",
        "damage unused right refused replaced lookup",
        "bit flip 2 0 0 0 0",
        "truncation 0 1 0 0 0",
    ]
    for outcome in ("accepted", "wrong", "unnoticed", "unrepaired", "unnamed", "failed", "crashed", "hung"):
        bad = DamageReport("index", 3, 7, {"bit flip": {"unused": 2, outcome: 1}}, ["bit flip: ..."], 10)
        assert not bad.ok
        assert shown(bad.table())[1:] == [
            f"damage unused right refused replaced lookup {outcome}",
            "bit flip 2 0 0 0 0 1",
        ]
