"""Latency by size as a part of the report."""

from pathlib import Path

import pytest

from benchmarks.measures import latency_by_size
from benchmarks.parts import PARTS, Context
from benchmarks.parts import sizes as part
from benchmarks.parts.section import Grid
from tests.toys import grey_source, toy_backbone


def test_every_size_has_a_row_a_point_and_a_measurement_and_the_memory_limit_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In this process, where measuring is brief.
    monkeypatch.setattr(part, "run_in_subprocess", lambda measure, **arguments: measure(**arguments))
    monkeypatch.setattr(part, "QUICK_SIZES", (200, 400))
    monkeypatch.setattr(latency_by_size, "MAX_FOR_BATCHES", 0)
    monkeypatch.setattr(Context, "samples", 20)
    context = Context(grey_source({}), tmp_path, 1, toy_backbone(), quick=True)
    outcome = PARTS["sizes"].measure(context)
    (picture,) = outcome.section.pictures
    (grid,) = [block for block in outcome.section.blocks if isinstance(block, Grid)]
    assert [row[0] for row in grid.rows] == ["200", "400"]
    assert list(outcome.measurements) == ["200/one query", "400/one query"]
    drawn = picture.data.decode()
    assert [name in drawn for name in ("Lookalike", "FAISS", "scikit-learn", "memory limit")] == [True] * 4
    assert outcome.answer.startswith("for one query of 400 vectors, ")
