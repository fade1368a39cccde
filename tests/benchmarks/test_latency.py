"""The latency report: its form, and that wrong answers are not timed."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import latency
from benchmarks.errors import BenchmarkFailed
from storage import Store
from tests.benchmarks.stores import store_of


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_of(tmp_path, np.random.default_rng(3).standard_normal((50, 4)))


def test_the_report_has_both_sides_and_their_ratios(store: Store) -> None:
    with store:
        report = latency.measure_latency(store, k=3, samples=20)
    document = report.as_json()
    assert list(document) == [
        *("recipe", "vectors", "dim", "k", "samples", "single", "sklearn_single", "batch", "batch_rounds"),
        *("batch_qps", "sklearn_batch_qps", "ratio_single", "ratio_batch"),
    ]
    assert [document[name] for name in ("vectors", "dim", "k", "samples", "batch")] == [50, 4, 3, 20, 1000]
    for side in (report.single, report.sklearn_single):
        assert list(side) == ["p50_ms", "p95_ms", "p99_ms"]
        assert 0 < side["p50_ms"] <= side["p95_ms"] <= side["p99_ms"]
    assert report.ratio_batch == pytest.approx(report.batch_qps / report.sklearn_batch_qps, abs=0.01)


def test_wrong_answers_are_not_timed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    right = store.nearest

    def farther(vectors: np.ndarray, k: int) -> object:
        return [hits[1:] for hits in right(vectors, k + 1)]

    monkeypatch.setattr(store, "nearest", farther)
    with store, pytest.raises(BenchmarkFailed, match="expected the distances that scikit-learn finds, got others"):
        latency.measure_latency(store, k=3, samples=20)
