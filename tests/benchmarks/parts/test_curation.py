"""The measurement of copies and moved labels as a part of the report."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.altered_files import ALTERED
from benchmarks.measures.copies_found import CopiesFoundReport, FoundCopies, HashedCopies
from benchmarks.measures.moved_labels import MovedLabels, Ranking
from benchmarks.parts import PARTS, Context
from benchmarks.parts import curation as part
from benchmarks.parts.section import Grid, Text
from tests.toys import TOY, grey_source, toy_backbone

HASHED = HashedCopies(dict.fromkeys(ALTERED, 0.5), 0.5, 40, 30)
COPIES = FoundCopies(6, 2, dict.fromkeys(ALTERED, 0.9), 120, 0.9, (0.83, 0.94), 100, 95, 1, 0.88, 0.9, 0.96, HASHED)
LABELS = MovedLabels("greys, toy", 200, 2, 10, 1, Ranking(0.9, 0.95), Ranking(0.8, 0.85), 0.7, 0.75)


def context(folder: Path) -> Context:
    source = grey_source({f"{level}": level for level in range(9)}, {f"{level}": "low" for level in range(9)})
    return Context(source, folder, 1, toy_backbone(), quick=True, recipes={"toy": TOY})


def grids(outcome: Any) -> list[list[tuple[str, ...]]]:
    return [[tuple(row) for row in block.rows] for block in outcome.section.blocks if isinstance(block, Grid)]


def test_copies_and_labels_stand_beside_those_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "measure_copies_found", lambda *_, **__: CopiesFoundReport([COPIES]))
    monkeypatch.setattr(part, "measure_moved_labels", lambda *_, **__: LABELS)
    outcome = PARTS["curation"].measure(context(tmp_path))
    assert grids(outcome) == [
        [("6", "2", "0.900", "0.880", "0.950", "0.960", "0.500", "0.750")],
        [("Lookalike", "0.900", "0.950"), ("cleanlab", "0.800", "0.850")],
    ]
    assert (outcome.value, outcome.answer) == (
        "90\u00a0%",
        "of 120 altered copies among 6 pictures are found, and 95\u00a0% of what is called a copy is one",
    )
    assert {name: measurement.value for name, measurement in outcome.measurements.items()} == {
        "moved labels, first": 0.9,
        "moved labels, average precision": 0.95,
        "copies found": 0.9,
        "copies right": 0.95,
    }
    (picture,) = outcome.section.pictures
    assert b"cropped, PHash" in picture.data


def test_what_is_missing_is_skipped_with_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> CopiesFoundReport:
        raise UnfitForBenchmark("expected pictures, got none")

    monkeypatch.setattr(part, "measure_copies_found", refuse)
    stages: list[str] = []
    asked = context(tmp_path)
    asked.on_stage = stages.append
    outcome = PARTS["curation"].measure(asked)
    assert outcome.section.blocks[0] == Text("Copies are skipped: expected pictures, got none.")
    assert (outcome.value, grids(outcome), outcome.section.pictures) == ("skipped", [], [])
    assert outcome.document == {"copies": None, "labels": None}
    assert outcome.measurements == {}
    assert "altered copies are skipped: expected pictures, got none" in stages
    assert stages[-1] == (
        "moved labels are skipped: expected at least 100 items with 2 labels to move, got 9 with 1: name a larger "
        "source"
    )
