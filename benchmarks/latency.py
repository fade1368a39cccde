"""How long an answer takes, beside scikit-learn on the same vectors, in turn in one run."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.errors import BenchmarkFailed
from benchmarks.queries import draw_queries
from storage import Store

WARM_UP = 20
BATCH = 1000
BATCH_ROUNDS = 7


@dataclass(frozen=True)
class LatencyReport:
    """Latency of single queries in milliseconds, and queries a second in batches of 1,000 (median of the rounds).

    Ours is the whole answer: ids, distances, labels and metadata, every row checked. scikit-learn's is positions
    and distances only. Ratios above 1 mean that we are faster.
    """

    recipe: str
    vectors: int
    dim: int
    k: int
    samples: int
    single: dict[str, float]
    sklearn_single: dict[str, float]
    batch: int
    batch_rounds: int
    batch_qps: float
    sklearn_batch_qps: float
    ratio_single: float
    ratio_batch: float

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def table(self) -> Table:
        """Return the report as a table to print."""
        table = Table(title=f"Latency: {self.recipe}, {self.vectors:,} vectors, k = {self.k}", title_justify="left")
        for name in ("", "Lookalike", "scikit-learn", "ratio"):
            table.add_column(name, justify="right" if name else "left")
        for name in ("p50", "p95", "p99"):
            ours, theirs = self.single[f"{name}_ms"], self.sklearn_single[f"{name}_ms"]
            table.add_row(f"one query, {name}", f"{ours:.3f} ms", f"{theirs:.3f} ms", f"{theirs / ours:.1f}")
        rates = (f"{self.batch_qps:,.0f}/s", f"{self.sklearn_batch_qps:,.0f}/s", f"{self.ratio_batch:.1f}")
        table.add_row(f"{self.batch:,} at once", *rates)
        return table


def measure_latency(store: Store, *, k: int = 5, samples: int = 500, seed: int = 0) -> LatencyReport:
    """Time single queries and batches on both sides in turn, after checking that the answers are the same.

    Raise UnfitForBenchmark when the store holds too few items, BenchmarkFailed when the distances differ.
    """
    from sklearn.neighbors import NearestNeighbors

    drawn = draw_queries(store, max(samples, BATCH), k, seed).vectors
    _, vectors = store.all_vectors()
    searched = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(np.array(vectors))
    _require_same_distances(store, searched, drawn[:BATCH], k)
    for query in drawn[:WARM_UP]:
        store.nearest(query, k)
        searched.kneighbors(query[np.newaxis])
    ours: list[float] = []
    theirs: list[float] = []
    for query in drawn[:samples]:
        ours.append(_seconds(lambda query=query: store.nearest(query, k)))  # type: ignore[misc]
        theirs.append(_seconds(lambda query=query: searched.kneighbors(query[np.newaxis])))  # type: ignore[misc]
    ours_batch: list[float] = []
    theirs_batch: list[float] = []
    for _ in range(BATCH_ROUNDS):
        ours_batch.append(_seconds(lambda: store.nearest(drawn[:BATCH], k)))
        theirs_batch.append(_seconds(lambda: searched.kneighbors(drawn[:BATCH])))
    batch_qps = BATCH / float(np.median(ours_batch))
    sklearn_batch_qps = BATCH / float(np.median(theirs_batch))
    return LatencyReport(
        recipe=store.embedding.name,
        vectors=len(vectors),
        dim=store.dim,
        k=k,
        samples=samples,
        single=_percentiles(ours),
        sklearn_single=_percentiles(theirs),
        batch=BATCH,
        batch_rounds=BATCH_ROUNDS,
        batch_qps=round(batch_qps, 1),
        sklearn_batch_qps=round(sklearn_batch_qps, 1),
        ratio_single=round(float(np.median(theirs) / np.median(ours)), 2),
        ratio_batch=round(batch_qps / sklearn_batch_qps, 2),
    )


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _percentiles(seconds: list[float]) -> dict[str, float]:
    return {f"p{share}_ms": round(float(np.percentile(seconds, share)) * 1000, 4) for share in (50, 95, 99)}


def _require_same_distances(store: Store, searched: Any, queries: Any, k: int) -> None:
    """Raise BenchmarkFailed unless both sides find neighbours at the same distances, within float32's rounding."""
    expected, _ = searched.kneighbors(queries)
    got = np.array([[hit.distance for hit in hits] for hits in store.nearest(queries, k)])
    scale = float(np.linalg.norm(queries, axis=1).max())
    if not np.allclose(got, expected, rtol=1e-3, atol=2e-3 * scale):
        raise BenchmarkFailed("expected the distances that scikit-learn finds, got others: run `benchmarks exactness`")
