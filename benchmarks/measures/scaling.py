"""What a store on servers takes: rate of writing, space, time of a query, and how many neighbours an index finds."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.common.machine import describe_machine
from storage import Embedding, NewItem, Store

#: Vectors lie around so many centres, as pictures of a few kinds do.
CENTRES = 1000
DIM = 128
K = 10

_BATCH = 8192


@dataclass(frozen=True)
class EngineReport:
    """One collection: seconds until it held everything, milliseconds of a query, and recall beside the exact one."""

    vectors: str
    fill_seconds: float
    single_ms: dict[str, float]
    filtered_ms: dict[str, float]
    queries_per_second: float
    recall_at_10: float


@dataclass(frozen=True)
class ScalingReport:
    """A store of `items` random vectors on a server, and each of the collections that were filled from it."""

    items: int
    write_seconds: float
    bytes_per_item: float
    made_with: str
    engines: tuple[EngineReport, ...]
    machine: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "items": self.items,
            "dim": DIM,
            "write_seconds": self.write_seconds,
            "items_per_second": round(self.items / self.write_seconds),
            "bytes_per_item": self.bytes_per_item,
            "made_with": self.made_with,
            "engines": [vars(engine) for engine in self.engines],
            "machine": self.machine,
        }

    def table(self) -> Table:
        """Return the report as a table."""
        rate = self.items / self.write_seconds
        table = Table(
            title=f"{self.items:,} vectors of {DIM} dimensions in {self.made_with}: {rate:,.0f} rows/s, "
            f"{self.bytes_per_item:,.0f} bytes a row"
        )
        for column in ("engine", "filled, s", "one query, ms", "filtered, ms", "queries/s at once", "recall@10"):
            table.add_column(column, justify="left" if column == "engine" else "right")
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
    place: str,
    vectors: list[str],
    *,
    items: int = 1_000_000,
    samples: int = 100,
    on_stage: Callable[[str], None] = lambda _: None,
) -> ScalingReport:
    """Make a store of random vectors at a URL, fill each collection from it, and ask all of them the same.

    The first collection is to be exact: the others' recall is measured against it.
    """
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((CENTRES, DIM))
    on_stage(f"writing {items:,} rows")
    started = time.perf_counter()
    with Store.create(place, Embedding(DIM, "f" * 64, {"imported": "random vectors"})) as store:
        for first in range(0, items, _BATCH):
            count = min(_BATCH, items - first)
            store.append(_items(first, count), _around(centres, generator, count))
        store.publish()
        write_seconds = time.perf_counter() - started
        described = store.info()
    queries = _around(centres, generator, samples)
    engines: list[EngineReport] = []
    exact: list[set[int]] = []
    for url in vectors:
        on_stage(f"filling {url}")
        started = time.perf_counter()
        with Store.open(place, writing=True, milvus=url) as store:
            store.publish()
            store.wait_until_indexed()
        filled = time.perf_counter() - started
        on_stage(f"asking {url}")
        with Store.open(place, milvus=url) as store:
            report, found = _asked(store, url, filled, queries, exact)
        exact = exact or found
        engines.append(report)
    return ScalingReport(
        items,
        round(write_seconds, 1),
        round(described.catalog_bytes / items, 1),
        described.made_with,
        tuple(engines),
        describe_machine(),
    )


def _asked(
    store: Store, url: str, filled: float, queries: NDArray[np.float32], exact: list[set[int]]
) -> tuple[EngineReport, list[set[int]]]:
    store.nearest(queries[:2], K)
    single = _times(lambda query: store.nearest(query, K), queries)
    filtered = _times(lambda query: store.nearest(query, K, where={"label": "label 3"}), queries)
    started = time.perf_counter()
    found = [{hit.id for hit in hits} for hits in store.nearest(queries, K)]
    at_once = len(queries) / (time.perf_counter() - started)
    shared = [len(one & other) for one, other in zip(found, exact or found, strict=True)]
    recall = sum(shared) / (K * len(queries))
    return EngineReport(url, round(filled, 1), single, filtered, round(at_once, 1), round(recall, 4)), found


def _times(ask: Callable[[NDArray[np.float32]], object], queries: NDArray[np.float32]) -> dict[str, float]:
    """Return the median and the 95th percentile of the milliseconds that single queries take."""
    taken = []
    for query in queries:
        started = time.perf_counter()
        ask(query)
        taken.append((time.perf_counter() - started) * 1000)
    return {"median": round(float(np.median(taken)), 2), "p95": round(float(np.percentile(taken, 95)), 2)}


def _items(first: int, count: int) -> list[NewItem]:
    return [
        NewItem(f"random/{number:09d}", bytes(32), f"label {number % 10}", {"number": number})
        for number in range(first, first + count)
    ]


def _around(centres: NDArray[np.float64], generator: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Return vectors, (count, DIM) float32, each beside a centre."""
    chosen = centres[generator.integers(len(centres), size=count)]
    return np.asarray(chosen + 0.5 * generator.standard_normal((count, DIM)), np.float32)
