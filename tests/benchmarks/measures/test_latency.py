"""The latency report: its fields, and that wrong answers are not timed."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import BenchmarkFailed
from benchmarks.measures import latency, latency_by_size
from storage import Store
from tests.benchmarks.stores import store_of

pytestmark = pytest.mark.heavy


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_of(tmp_path, np.random.default_rng(3).standard_normal((50, 4)))


def test_the_report_has_all_sides_and_their_ratios(store: Store) -> None:
    with store:
        report = latency.measure_latency(store, k=3, samples=20)
    document = asdict(report)
    assert list(document) == [
        *("recipe", "vectors", "dim", "k", "samples", "single", "sklearn_single", "batch", "batch_rounds"),
        *("batch_qps", "sklearn_batch_qps", "ratio_single", "ratio_batch"),
        *("first_ms", "product", "faiss_single", "faiss_batch_qps", "ratio_product", "ratio_faiss"),
        *("ratio_faiss_batch", "filtered", "ratio_filtered", "threads", "ratio_threads"),
        *("hits_qps", "kneighbors_qps", "ratio_kneighbors", "ratio_faiss_kneighbors", "all_pairs"),
    ]
    assert [document[name] for name in ("vectors", "dim", "k", "samples", "batch")] == [50, 4, 3, 20, 1000]
    for side in (report.single, report.sklearn_single, report.faiss_single, report.product):
        assert list(side) == ["p50_ms", "p95_ms", "p99_ms"]
        assert 0 < side["p50_ms"] <= side["p95_ms"] <= side["p99_ms"]
    assert report.batch_qps is not None
    assert report.sklearn_batch_qps is not None
    assert report.faiss_batch_qps is not None
    assert report.kneighbors_qps is not None
    assert report.ratio_batch == pytest.approx(report.batch_qps / report.sklearn_batch_qps, abs=0.01)
    assert report.ratio_kneighbors == pytest.approx(report.kneighbors_qps / report.sklearn_batch_qps, abs=0.01)
    assert report.ratio_faiss_kneighbors == pytest.approx(report.kneighbors_qps / report.faiss_batch_qps, abs=0.01)
    assert list(document["all_pairs"]) == [
        *("k", "neighbours_s", "faiss_s", "radius", "duplicates_s", "ratio_faiss", "ratio_duplicates"),
    ]


def test_stores_of_several_sizes_are_measured_with_filters_of_every_selectivity() -> None:
    report = latency_by_size.measure_latency_by_size(sizes=(30, 400), k=3, samples=20, percents=(0, 50, 100))
    assert [size.vectors for size in report.sizes] == [30, 400]
    for size in report.sizes:
        assert list(size.filtered) == ["0 %", "50 %", "100 %"]
        assert size.ratio_filtered == max(times["ratio"] for times in size.filtered.values())
    document = json.loads(json.dumps(report.as_json()))
    assert list(document) == ["sizes", "linear"]
    assert list(document["linear"]) == ["30", "400"]
    assert [size.table().row_count for size in report.sizes] == [20, 20]


def test_without_batches_only_single_queries_are_timed(store: Store) -> None:
    with store:
        report = latency.measure_latency(store, k=3, samples=20, batches=False, all_pairs=False)
    assert (report.batch_qps, report.sklearn_batch_qps, report.faiss_batch_qps) == (None, None, None)
    assert (report.ratio_batch, report.ratio_faiss_batch, report.ratio_filtered) == (None, None, None)
    assert (report.hits_qps, report.kneighbors_qps, report.all_pairs) == (None, None, None)
    assert report.table().row_count == 7


def test_wrong_answers_are_not_timed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    right = store.nearest

    def farther(vectors: np.ndarray, k: int) -> object:
        return [hits[1:] for hits in right(vectors, k + 1)]

    monkeypatch.setattr(store, "nearest", farther)
    with store, pytest.raises(BenchmarkFailed, match="expected the distances that scikit-learn finds, got others"):
        latency.measure_latency(store, k=3, samples=20)
