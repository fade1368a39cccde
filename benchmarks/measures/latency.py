"""How long an answer takes, beside scikit-learn, FAISS and the one matrix-vector product, in turn in one run.

Ours is the whole answer: ids, distances, labels and metadata, every row checked. The others' is positions and
distances only, and the product's not even that: it is what the memory allows.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.common.timing import seconds_of
from benchmarks.errors import BenchmarkFailed
from benchmarks.measures.queries import draw_queries
from storage import Store
from storage.nearest.faiss_flat import FaissFlat

WARM_UP = 20
BATCH = 1000
BATCH_ROUNDS = 7
THREADS = 4

#: Several threads are asked about as much as one answers in so many seconds: each needs a while to be at its best.
THREADS_SECONDS = 0.3

#: Questions that a side answers in a row before it is the next one's turn.
TURN = 20

#: Seconds before each turn: the threads of the side before wait busily for a while, and would slow the next one down.
PAUSE = 0.05

#: Seconds for which a side then answers untimed: processors slow down in a pause, and forget what they had at hand.
WARM_UP_TURN = 0.05

Seconds = list[float]


@dataclass(frozen=True)
class LatencyReport:
    """Latency of single queries in milliseconds, and queries a second in batches of 1,000 (median of the rounds).

    Ratios above 1 mean that we are faster; of `ratio_product`, `ratio_filtered` and `ratio_threads`, our time is that
    many times the product's, the unfiltered query's, and one thread's for as many queries. What was not
    measured is None.
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
    batch_qps: float | None
    sklearn_batch_qps: float | None
    ratio_single: float
    ratio_batch: float | None
    first_ms: float
    product: dict[str, float]
    faiss_single: dict[str, float]
    faiss_batch_qps: float | None
    ratio_product: float
    ratio_faiss: float
    ratio_faiss_batch: float | None
    filtered: dict[str, dict[str, float]]
    ratio_filtered: float | None
    threads: int
    ratio_threads: float

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def tables(self) -> list[Table]:
        """Return the report as tables to print: one."""
        return [self.table()]

    def table(self) -> Table:
        """Return the report as a table to print."""
        table = Table(title=f"Latency: {self.recipe}, {self.vectors:,} vectors, k = {self.k}", title_justify="left")
        for name in ("", "Lookalike", "scikit-learn", "FAISS", "one product"):
            table.add_column(name, justify="right" if name else "left", no_wrap=True)
        for name in ("p50", "p95", "p99"):
            sides = (self.single, self.sklearn_single, self.faiss_single, self.product)
            table.add_row(f"one query, {name}", *(f"{side[f'{name}_ms']:.3f} ms" for side in sides))
        if self.batch_qps and self.sklearn_batch_qps and self.faiss_batch_qps:
            rates = (self.batch_qps, self.sklearn_batch_qps, self.faiss_batch_qps)
            table.add_row(f"{self.batch:,} at once", *(f"{rate:,.0f}/s" for rate in rates), "")
        table.add_row("times as fast", "", f"{self.ratio_single:.1f}", f"{self.ratio_faiss:.1f}", "")
        if self.ratio_batch and self.ratio_faiss_batch:
            table.add_row("at once", "", f"{self.ratio_batch:.1f}", f"{self.ratio_faiss_batch:.2f}", "")
        table.add_row("in its times", "", "", "", f"{self.ratio_product:.2f}")
        for share, times in self.filtered.items():
            table.add_row(f"keeping {share}", f"{times['p50_ms']:.3f} ms", "", "", "")
            table.add_row("  the first time", f"{times['first_ms']:.1f} ms", "", "", "")
        table.add_row(f"{self.threads} threads / one", f"{self.ratio_threads:.2f}", "", "", "")
        table.add_row("loading and one", f"{self.first_ms:.1f} ms", "", "", "")
        return table


def measure_latency(
    store: Store, *, k: int = 5, samples: int = 500, seed: int = 0, filters: Sequence[int] = (), batches: bool = True
) -> LatencyReport:
    """Time all sides in turn, after checking that the answers are the same.

    `filters` has numbers n for which the items with metadata `percent` below n are asked for; without `batches` only
    single queries are timed. Raise UnfitForBenchmark when the store holds too few items, BenchmarkFailed when the
    distances differ.
    """
    from sklearn.neighbors import NearestNeighbors

    store.refresh()
    first = seconds_of(lambda: store.nearest(np.zeros(store.dim), k)) if len(store) and k > 0 else 0.0
    drawn = draw_queries(store, max(samples, BATCH), k, seed).vectors
    vectors = np.array(store.all_vectors()[1])
    searched = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(vectors)
    index = FaissFlat(store.dim)
    index.add(vectors)
    _require_same_distances(store, searched, drawn[: BATCH if batches else WARM_UP], k)
    single = _in_turn(
        [
            lambda query: store.nearest(query, k),
            lambda query: searched.kneighbors(query[np.newaxis]),
            lambda query: index.search(query[np.newaxis], k),
            lambda query: vectors @ query,
        ],
        drawn[:WARM_UP],
        drawn[:samples],
    )
    ours, theirs, bare, product = single
    at_once: list[float | None] = [None, None, None]
    if batches:
        asked = drawn[:BATCH]
        rounds = _in_turn(
            [
                lambda queries: store.nearest(queries, k),
                searched.kneighbors,
                lambda queries: index.search(queries, k),
            ],
            [asked],
            [asked] * BATCH_ROUNDS,
        )
        at_once = [round(BATCH / float(np.median(times)), 1) for times in rounds]
    batch, sklearn_batch, faiss_batch = at_once
    filtered = {f"{percent} %": _filtered(store, drawn[:samples], k, percent) for percent in filters}
    slowest = max((ratio["ratio"] for ratio in filtered.values()), default=None)
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
        batch_qps=batch,
        sklearn_batch_qps=sklearn_batch,
        ratio_single=_ratio(theirs, ours),
        ratio_batch=round(batch / sklearn_batch, 2) if batch and sklearn_batch else None,
        first_ms=round(first * 1000, 3),
        product=_percentiles(product),
        faiss_single=_percentiles(bare),
        faiss_batch_qps=faiss_batch,
        ratio_product=_ratio(ours, product),
        ratio_faiss=_ratio(bare, ours),
        ratio_faiss_batch=round(batch / faiss_batch, 2) if batch and faiss_batch else None,
        filtered=filtered,
        ratio_filtered=slowest,
        threads=THREADS,
        ratio_threads=_threads_ratio(store, drawn[: max(40, int(THREADS_SECONDS / np.median(ours)))], k),
    )


def _in_turn(sides: Sequence[Callable[[Any], object]], warm_up: Any, asked: Any) -> list[Seconds]:
    """Return how long each side takes over each question, the sides taking turns of a few questions.

    Before each turn a side answers some questions untimed, for as long as it had paused, as it answers many in a row in
    use.
    """
    for question in warm_up:
        for side in sides:
            side(question)
    times: list[Seconds] = [[] for _ in sides]
    for start in range(0, len(asked), TURN):
        some = asked[start : start + TURN]
        for taken, side in zip(times, sides, strict=True):
            time.sleep(PAUSE)
            _warm_up(side, some)
            taken += [seconds_of(lambda side=side, question=question: side(question)) for question in some]  # type: ignore[misc]
    return times


def _warm_up(side: Callable[[Any], object], questions: Any) -> None:
    """Answer questions, at least one, for a while."""
    end = time.perf_counter() + WARM_UP_TURN
    for question in itertools.cycle(questions):
        side(question)
        if time.perf_counter() > end:
            return


def _filtered(store: Store, queries: NDArray[np.float32], k: int, percent: int) -> dict[str, float]:
    """Return how long a filter takes that keeps so many of a hundred items, first and later, beside none."""
    where = {"percent": {"<": percent}}
    store.refresh()
    store.nearest(queries[0], k)
    first = seconds_of(lambda: store.nearest(queries[0], k, where=where))
    chosen, without = _in_turn(
        [lambda query: store.nearest(query, k, where=where), lambda query: store.nearest(query, k)],
        queries[:WARM_UP],
        queries,
    )
    return {**_percentiles(chosen), "first_ms": round(first * 1000, 3), "ratio": _ratio(chosen, without)}


def _threads_ratio(store: Store, queries: NDArray[np.float32], k: int) -> float:
    """Return how long several threads take over the queries, in one thread's time; raise BenchmarkFailed."""
    with ThreadPoolExecutor(THREADS) as pool:

        def alone() -> list[Any]:
            return [store.nearest(query, k) for query in queries]

        def together() -> list[Any]:
            parts = pool.map(lambda some: [store.nearest(query, k) for query in some], np.array_split(queries, THREADS))
            return [hits for part in parts for hits in part]

        if alone() != together():
            raise BenchmarkFailed("expected the same answers from several threads as from one, got others")
        one, several = _in_turn([lambda _: alone(), lambda _: together()], [], range(5))
    return _ratio(several, one)


def _ratio(over: Seconds, under: Seconds) -> float:
    return round(float(np.median(over) / np.median(under)), 2)


def _percentiles(seconds: Seconds) -> dict[str, float]:
    return {f"p{share}_ms": round(float(np.percentile(seconds, share)) * 1000, 4) for share in (50, 95, 99)}


def _require_same_distances(store: Store, searched: Any, queries: Any, k: int) -> None:
    """Raise BenchmarkFailed unless both sides find neighbours at the same distances, within float32's rounding."""
    expected, _ = searched.kneighbors(queries)
    got = np.array([[hit.distance for hit in hits] for hits in store.nearest(queries, k)])
    scale = float(np.linalg.norm(queries, axis=1).max())
    if not np.allclose(got, expected, rtol=1e-3, atol=2e-3 * scale):
        raise BenchmarkFailed("expected the distances that scikit-learn finds, got others: run `benchmarks exactness`")
