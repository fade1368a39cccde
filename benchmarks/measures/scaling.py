"""Measure a store on servers: insert rate, disk space, query latency, and the recall of each index."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.common.machine import describe_machine
from benchmarks.common.timing import seconds_of
from storage import Embedding, NewItem, Store
from storage.console import right_aligned

#: Clusters that the random vectors form, as images of several kinds do.
CENTRES = 1000
DIM = 128
K = 10

_BATCH = 8192


@dataclass(frozen=True)
class EngineReport:
    """One collection, by its URL: seconds to fill it, latency in milliseconds, and recall against the first."""

    vectors: str
    fill_seconds: float
    single_ms: dict[str, float]
    filtered_ms: dict[str, float]
    queries_per_second: float
    recall_at_10: float


@dataclass(frozen=True)
class ScalingReport:
    """A store of `items` random vectors on a server, and each collection that was filled from it."""

    items: int
    write_seconds: float
    bytes_per_item: float
    made_with: str
    engines: tuple[EngineReport, ...]
    machine: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self) | {"dim": DIM, "items_per_second": round(self.items / self.write_seconds)}

    def table(self) -> Table:
        """Return the report as a table to print."""
        rate = self.items / self.write_seconds
        table = Table(
            "engine",
            *right_aligned("fill (s)", "one query (ms)", "filtered (ms)", "batch (queries/s)", "recall@10"),
            title=f"{self.items:,} vectors of {DIM} dimensions in {self.made_with}: {rate:,.0f} rows/s, "
            f"{self.bytes_per_item:,.0f} bytes per row",
        )
        for engine in self.engines:
            table.add_row(
                engine.vectors.partition("?")[2],
                f"{engine.fill_seconds:,.0f}",
                f"{engine.single_ms['median']:.1f}",
                f"{engine.filtered_ms['median']:.1f}",
                f"{engine.queries_per_second:,.0f}",
                f"{engine.recall_at_10:.4f}",
            )
        return table


def measure_scaling(
    location: str,
    urls: Sequence[str],
    *,
    items: int = 1_000_000,
    samples: int = 100,
    on_stage: Callable[[str], None] = lambda _: None,
) -> ScalingReport:
    """Create a store of random vectors at a URL, fill a collection at each of `urls` from it, and query them all alike.

    The first collection must be exact: the recall of the others is measured against it.
    """
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((CENTRES, DIM))
    on_stage(f"writing {items:,} rows")
    started = time.perf_counter()
    with Store.create(location, Embedding(DIM, "f" * 64, {"imported": "random vectors"})) as store:
        for first in range(0, items, _BATCH):
            count = min(_BATCH, items - first)
            store.append(_items(first, count), _draw_vectors(centres, generator, count))
        store.publish()
        write_seconds = time.perf_counter() - started
        info = store.info()
    queries = _draw_vectors(centres, generator, samples)
    engines: list[EngineReport] = []
    exact: list[set[int]] = []
    for url in urls:
        on_stage(f"filling {url}")
        started = time.perf_counter()
        with Store.open(location, writing=True, milvus=url) as store:
            store.publish()
            store.wait_until_indexed()
        fill_seconds = time.perf_counter() - started
        on_stage(f"querying {url}")
        with Store.open(location, milvus=url) as store:
            report, neighbours = _query_engine(store, url, fill_seconds, queries, exact)
        exact = exact or neighbours
        engines.append(report)
    return ScalingReport(
        items,
        round(write_seconds, 1),
        round(info.catalog_bytes / items, 1),
        info.made_with,
        tuple(engines),
        describe_machine(),
    )


def _query_engine(
    store: Store, url: str, fill_seconds: float, queries: NDArray[np.float32], exact: list[set[int]]
) -> tuple[EngineReport, list[set[int]]]:
    """Return the report of one collection, and the ids of each query's neighbours; `exact` is empty for the first."""
    store.nearest(queries[:2], K)
    single = _latency(lambda query: store.nearest(query, K), queries)
    filtered = _latency(lambda query: store.nearest(query, K, where={"label": "label 3"}), queries)
    started = time.perf_counter()
    neighbours = [{hit.id for hit in hits} for hits in store.nearest(queries, K)]
    rate = len(queries) / (time.perf_counter() - started)
    shared = sum(len(ids & true_ids) for ids, true_ids in zip(neighbours, exact or neighbours, strict=True))
    recall = shared / (K * len(queries))
    report = EngineReport(url, round(fill_seconds, 1), single, filtered, round(rate, 1), round(recall, 4))
    return report, neighbours


def _latency(search: Callable[[NDArray[np.float32]], object], queries: NDArray[np.float32]) -> dict[str, float]:
    """Return the median and the 95th percentile of single queries in milliseconds."""
    seconds = [seconds_of(partial(search, query)) for query in queries]
    median, p95 = np.percentile(seconds, (50, 95)) * 1000
    return {"median": round(float(median), 2), "p95": round(float(p95), 2)}


def _items(first: int, count: int) -> list[NewItem]:
    return [
        NewItem(f"random/{number:09d}", bytes(32), f"label {number % 10}", {"number": number})
        for number in range(first, first + count)
    ]


def _draw_vectors(centres: NDArray[np.float64], generator: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Return random vectors, (count, DIM) float32, each near one of the centres."""
    means = centres[generator.integers(len(centres), size=count)]
    return np.asarray(means + 0.5 * generator.standard_normal((count, DIM)), np.float32)
