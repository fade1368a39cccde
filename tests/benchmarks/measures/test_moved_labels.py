"""Which moved labels are found first."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.measures import moved_labels
from benchmarks.measures.moved_labels import MovedLabels, Ranking, measure_moved_labels, table_of
from search import Searcher
from storage import NewItem, Store
from tests.storage.stores import EMBEDDING


def test_labels_that_are_moved_among_well_separated_ones_are_all_found_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moved_labels, "find_spec", lambda _: None)
    generator = np.random.default_rng(1)
    numbers = np.arange(200)
    centres = np.repeat(20.0 * (numbers % 4)[:, None], EMBEDDING.dim, axis=1)
    vectors = (centres + generator.normal(size=centres.shape)).astype(np.float32)
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        store.append(
            [NewItem(f"{n}", n.to_bytes(32, "big"), f"label {n % 4}", {}, b"", None) for n in numbers.tolist()], vectors
        )
    with Searcher.open(tmp_path / "store") as searcher:
        found = measure_moved_labels(searcher, "clusters", draws=2)
    assert (found.source, found.items, found.labels, found.moved, found.draws) == ("clusters", 200, 4, 10, 2)
    assert (found.lookalike.precision_first, found.cleanlab) == (1.0, None)
    assert found.lookalike.average_precision == pytest.approx(1)
    assert found.listed_precision == 1.0
    cells = [list(column.cells) for column in table_of([found]).columns]
    assert [cell[0] for cell in cells[:8]] == ["clusters", "200", "4", "10 x 2", "1.000", "1.000", "-", "-"]


def test_a_ranking_counts_moved_labels_among_the_first() -> None:
    is_moved = np.array([True, False, True, False])
    assert moved_labels._ranking(np.array([4.0, 3.0, 2.0, 1.0]), is_moved) == Ranking(0.5, (1 + 2 / 3) / 2)
    ranking = Ranking(0.9, 0.8)
    row = MovedLabels("digits", 10, 2, 1, 1, ranking, Ranking(0.5, 0.4), 0.7, 0.6)
    cells = [next(iter(column.cells)) for column in table_of([row]).columns]
    assert cells[4:] == ["0.900", "0.800", "0.500", "0.400", "0.700", "0.600"]
