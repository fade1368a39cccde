"""How an answer's time grows with the store: made-up vectors in stores of several sizes, each measured alike."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.measures.latency import LatencyReport, measure_latency
from storage import Embedding, NewItem, Store

DIM = 128
SIZES = (5_000, 60_000, 250_000, 1_000_000)
QUICK_SIZES = (5_000, 60_000)

#: What filters keep of a hundred items: none, few, half, nearly all, all.
PERCENTS = (0, 1, 50, 99, 100)

#: Vectors asked in batches too: over more scikit-learn takes long.
IN_BATCHES = 100_000

#: Items written at once.
_BATCH = 20_000


@dataclass(frozen=True)
class SizesReport:
    """A latency report for each size of store, the smallest first."""

    sizes: tuple[LatencyReport, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON; `linear` has each size's milliseconds for 100,000 vectors."""
        return {
            "sizes": [report.as_json() for report in self.sizes],
            "linear": {
                str(report.vectors): round(report.single["p50_ms"] * 100_000 / report.vectors, 3)
                for report in self.sizes
            },
        }

    def tables(self) -> list[Table]:
        """Return the report as tables to print."""
        return [report.table() for report in self.sizes]


def measure_sizes(
    *,
    sizes: Sequence[int] = SIZES,
    k: int = 5,
    samples: int = 500,
    percents: Sequence[int] = PERCENTS,
    on_stage: Callable[[str], None] = lambda _: None,
) -> SizesReport:
    """Make a store of each size in a temporary folder and measure it; the larger ones with fewer queries."""
    reports = []
    for size in sizes:
        on_stage(f"latency: {size:,} vectors")
        with tempfile.TemporaryDirectory(prefix="lookalike-") as folder, _store_of(size, Path(folder)) as store:
            fewer = max(20, min(samples, samples * 60_000 // size))
            reports.append(measure_latency(store, k=k, samples=fewer, filters=percents, batches=size <= IN_BATCHES))
    return SizesReport(tuple(reports))


def _store_of(size: int, folder: Path) -> Store:
    """Return an open store of random vectors, with ten labels and a percentile each."""
    generator = np.random.default_rng(size)
    store = Store.create(folder / "store", Embedding(DIM, "0" * 64, {"imported": "random"}))
    for start in range(0, size, _BATCH):
        places = range(start, min(start + _BATCH, size))
        items = [NewItem(f"{place}", bytes(32), str(place % 10), {"percent": place % 100}) for place in places]
        store.append(items, generator.standard_normal((len(places), DIM)).astype(np.float32))
    store.publish()
    return store
