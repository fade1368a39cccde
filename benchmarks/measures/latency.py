"""Time queries of Lookalike, scikit-learn and FAISS, and one matrix-vector product, in turn in one run.

Lookalike's answer is complete: ids, distances, labels and metadata, with every row checked. scikit-learn and FAISS
return only positions and distances. The product returns neither; its time is the limit that memory bandwidth sets.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Column, Table

from benchmarks.common.timing import percentiles_ms, seconds_of
from benchmarks.errors import BenchmarkFailed
from benchmarks.measures.all_pairs import AllPairsReport, measure_all_pairs
from benchmarks.measures.queries import draw_queries
from search.searcher import Searcher
from storage import Hit, Store
from storage.console import right_aligned
from storage.nearest.faiss_flat import FaissFlat

WARM_UP = 20
BATCH = 1000
BATCH_ROUNDS = 7
THREADS = 4

#: The threads get as many queries as one thread answers in about this time: each needs a while to warm up.
THREADS_SECONDS = 0.3

#: Queries that a side answers in a row before the next side's turn.
TURN = 20

#: Seconds of sleep before each turn: the previous side's threads spin for a while, and would slow the next side down.
PAUSE = 0.05

#: Seconds for which a side then answers untimed: during the sleep the clock rate drops and the caches go cold.
WARM_UP_SECONDS = 0.05

Seconds = list[float]


@dataclass(frozen=True)
class LatencyReport:
    """Latency of single queries in milliseconds, and queries per second in batches of 1,000 (median of the rounds).

    `first_ms` includes loading the vectors. `batch_qps` is for an answer's arrays with every row checked, `hits_qps`
    for all hits as objects, and `kneighbors_qps` for `Searcher.kneighbors`. Ratios above 1 mean that Lookalike is
    faster, except that `ratio_product`, `ratio_filtered` and `ratio_threads` are Lookalike's time divided by that of
    the product, of the unfiltered query, and of one thread for as many queries. What was not measured is None.
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
    hits_qps: float | None
    kneighbors_qps: float | None
    ratio_kneighbors: float | None
    ratio_faiss_kneighbors: float | None
    all_pairs: AllPairsReport | None

    def table(self) -> Table:
        """Return the report as a table to print."""
        title = f"Latency: {self.recipe}, {self.vectors:,} vectors, k = {self.k}"
        columns = right_aligned("Lookalike", "scikit-learn", "FAISS", "one product", no_wrap=True)
        table = Table(Column(no_wrap=True), *columns, title=title, title_justify="left")
        for name in ("p50", "p95", "p99"):
            sides = (self.single, self.sklearn_single, self.faiss_single, self.product)
            table.add_row(f"one query, {name}", *(f"{side[f'{name}_ms']:.3f} ms" for side in sides))
        rates = [rate for rate in (self.batch_qps, self.sklearn_batch_qps, self.faiss_batch_qps) if rate is not None]
        if rates:
            table.add_row(f"batch of {self.batch:,}", *(f"{rate:,.0f}/s" for rate in rates), "")
        table.add_row("times as fast, one query", "", f"{self.ratio_single:.1f}", f"{self.ratio_faiss:.1f}", "")
        if self.ratio_batch is not None and self.ratio_faiss_batch is not None:
            table.add_row("times as fast, batch", "", f"{self.ratio_batch:.1f}", f"{self.ratio_faiss_batch:.2f}", "")
        if self.ratio_kneighbors is not None and self.ratio_faiss_kneighbors is not None:
            ratios = f"{self.ratio_kneighbors:.1f}", f"{self.ratio_faiss_kneighbors:.2f}"
            table.add_row("  every hit an object", f"{self.hits_qps:,.0f}/s", "", "", "")
            table.add_row("  by kneighbors", f"{self.kneighbors_qps:,.0f}/s", *ratios, "")
        if self.all_pairs is not None:
            pairs = self.all_pairs
            table.add_row("neighbours of all", f"{pairs.neighbours_s:.2f} s", "", f"{pairs.faiss_s:.2f} s", "")
            table.add_row("  times as fast", "", "", f"{pairs.ratio_faiss:.2f}", "")
            table.add_row("  duplicates / these", f"{pairs.ratio_duplicates:.2f}", "", "", "")
        table.add_row("times the product", "", "", "", f"{self.ratio_product:.2f}")
        for percent, times in self.filtered.items():
            table.add_row(f"filter for {percent}", f"{times['p50_ms']:.3f} ms", "", "", "")
            table.add_row("  the first time", f"{times['first_ms']:.1f} ms", "", "", "")
        table.add_row(f"{self.threads} threads / one", f"{self.ratio_threads:.2f}", "", "", "")
        table.add_row("loading and one query", f"{self.first_ms:.1f} ms", "", "", "")
        return table


def measure_latency(
    store: Store,
    *,
    k: int = 5,
    samples: int = 500,
    percents: Sequence[int] = (),
    batches: bool = True,
    all_pairs: bool = True,
) -> LatencyReport:
    """Time all sides in turn, after checking that their answers are the same.

    For each n of `percents` queries with the filter "metadata `percent` below n" are timed too; without `batches` no
    batches are timed, and without `all_pairs` no searches with every item. Raise UnfitForBenchmark if the store holds
    too few items, BenchmarkFailed if the distances differ.
    """
    from sklearn.neighbors import NearestNeighbors

    store.refresh()
    first_seconds = seconds_of(lambda: store.nearest(np.zeros(store.dim), k)) if len(store) and k > 0 else 0.0
    queries = draw_queries(store, max(samples, BATCH), k, seed=0).vectors
    vectors = np.array(store.all_vectors()[1])
    neighbours = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(vectors)
    index = FaissFlat(store.dim)
    index.add(vectors)
    _require_same_distances(store, neighbours, queries[: BATCH if batches else WARM_UP], k)
    lookalike, sklearn, faiss, product = _in_turn(
        [
            lambda query: store.nearest(query, k),
            lambda query: neighbours.kneighbors(query[np.newaxis]),
            lambda query: index.search(query[np.newaxis], k),
            lambda query: vectors @ query,
        ],
        queries[:WARM_UP],
        queries[:samples],
    )
    rates: list[float | None] = [None] * 5
    if batches:
        searcher, batch = Searcher(store), queries[:BATCH]
        rounds = _in_turn(
            [
                lambda batch: store.nearest(batch, k),
                neighbours.kneighbors,
                lambda batch: index.search(batch, k),
                lambda batch: list(store.nearest(batch, k)),
                lambda batch: searcher.kneighbors(batch, k),
            ],
            [batch],
            [batch] * BATCH_ROUNDS,
        )
        rates = [round(BATCH / float(np.median(seconds)), 1) for seconds in rounds]
    lookalike_rate, sklearn_rate, faiss_rate, hits_rate, kneighbors_rate = rates
    filtered = {f"{percent} %": _time_filter(store, queries[:samples], k, percent) for percent in percents}
    return LatencyReport(
        recipe=store.embedding.name,
        vectors=len(vectors),
        dim=store.dim,
        k=k,
        samples=samples,
        single=percentiles_ms(lookalike),
        sklearn_single=percentiles_ms(sklearn),
        batch=BATCH,
        batch_rounds=BATCH_ROUNDS,
        batch_qps=lookalike_rate,
        sklearn_batch_qps=sklearn_rate,
        ratio_single=_ratio(sklearn, lookalike),
        ratio_batch=_rate_ratio(lookalike_rate, sklearn_rate),
        first_ms=round(first_seconds * 1000, 3),
        product=percentiles_ms(product),
        faiss_single=percentiles_ms(faiss),
        faiss_batch_qps=faiss_rate,
        ratio_product=_ratio(lookalike, product),
        ratio_faiss=_ratio(faiss, lookalike),
        ratio_faiss_batch=_rate_ratio(lookalike_rate, faiss_rate),
        filtered=filtered,
        ratio_filtered=max((times["ratio"] for times in filtered.values()), default=None),
        threads=THREADS,
        ratio_threads=_threads_ratio(store, queries[: max(40, int(THREADS_SECONDS / np.median(lookalike)))], k),
        hits_qps=hits_rate,
        kneighbors_qps=kneighbors_rate,
        ratio_kneighbors=_rate_ratio(kneighbors_rate, sklearn_rate),
        ratio_faiss_kneighbors=_rate_ratio(kneighbors_rate, faiss_rate),
        all_pairs=measure_all_pairs(store, index, k) if all_pairs else None,
    )


def _in_turn(sides: Sequence[Callable[[Any], object]], warm_up: Any, inputs: Any) -> list[Seconds]:
    """Return the seconds that each side takes for each input; the sides take turns of a few inputs.

    Before each turn a side answers untimed for a while, because in use it answers many queries in a row.
    """
    for input in warm_up:
        for side in sides:
            side(input)
    times: list[Seconds] = [[] for _ in sides]
    for start in range(0, len(inputs), TURN):
        turn = inputs[start : start + TURN]
        for seconds, side in zip(times, sides, strict=True):
            time.sleep(PAUSE)
            _warm_up(side, turn)
            seconds += [seconds_of(partial(side, input)) for input in turn]
    return times


def _warm_up(side: Callable[[Any], object], inputs: Any) -> None:
    """Answer inputs untimed for WARM_UP_SECONDS, at least one."""
    end = time.perf_counter() + WARM_UP_SECONDS
    for input in itertools.cycle(inputs):
        side(input)
        if time.perf_counter() > end:
            return


def _time_filter(store: Store, queries: NDArray[np.float32], k: int, percent: int) -> dict[str, float]:
    """Return the latency with a filter that `percent` of the items pass: first, later, and relative to no filter."""
    where = {"percent": {"<": percent}}
    store.refresh()
    store.nearest(queries[0], k)
    first = seconds_of(lambda: store.nearest(queries[0], k, where=where))
    filtered, unfiltered = _in_turn(
        [lambda query: store.nearest(query, k, where=where), lambda query: store.nearest(query, k)],
        queries[:WARM_UP],
        queries,
    )
    return {**percentiles_ms(filtered), "first_ms": round(first * 1000, 3), "ratio": _ratio(filtered, unfiltered)}


def _threads_ratio(store: Store, queries: NDArray[np.float32], k: int) -> float:
    """Return the time of several threads divided by one thread's; raise BenchmarkFailed if their answers differ."""
    with ThreadPoolExecutor(THREADS) as pool:

        def search(queries: NDArray[np.float32]) -> list[list[Hit]]:
            return [store.nearest(query, k)[0] for query in queries]

        def search_in_threads(queries: NDArray[np.float32]) -> list[list[Hit]]:
            return [hits for part in pool.map(search, np.array_split(queries, THREADS)) for hits in part]

        if search(queries) != search_in_threads(queries):
            raise BenchmarkFailed("expected the same answers from several threads as from one, got others")
        single, threaded = _in_turn([search, search_in_threads], [], [queries] * 5)
    return _ratio(threaded, single)


def _ratio(numerator: Seconds, denominator: Seconds) -> float:
    return round(float(np.median(numerator) / np.median(denominator)), 2)


def _rate_ratio(numerator: float | None, denominator: float | None) -> float | None:
    return None if numerator is None or denominator is None else round(numerator / denominator, 2)


def _require_same_distances(store: Store, neighbours: Any, queries: NDArray[np.float32], k: int) -> None:
    """Raise BenchmarkFailed unless Lookalike and scikit-learn find the same distances within float32's rounding."""
    expected, _ = neighbours.kneighbors(queries)
    got = np.array([[hit.distance for hit in hits] for hits in store.nearest(queries, k)])
    scale = float(np.linalg.norm(queries, axis=1).max())
    if not np.allclose(got, expected, rtol=1e-3, atol=2e-3 * scale):
        raise BenchmarkFailed("expected the distances that scikit-learn finds, got others: run `benchmarks exactness`")
