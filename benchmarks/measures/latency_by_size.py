"""Measure how latency grows with the store: random vectors in stores of several sizes."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.measures.latency import LatencyReport, measure_latency
from benchmarks.measures.random_store import random_store

SIZES = (5_000, 60_000, 250_000, 1_000_000)
#: The larger one does not fit into most caches, so that its vectors are quantized.
QUICK_SIZES = (2_000, 20_000)

#: Percentages of the items that the filters select: none, few, half, nearly all, all.
PERCENTS = (0, 1, 50, 99, 100)

#: The largest stores for which batches are timed too, and searches with every item: scikit-learn, or FAISS, takes
#: minutes on more vectors.
MAX_FOR_BATCHES, MAX_FOR_ALL_PAIRS = 250_000, 60_000


@dataclass(frozen=True)
class LatencyBySizeReport:
    """A latency report for each size of store, smallest first."""

    sizes: tuple[LatencyReport, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON; `linear` has each size's median milliseconds per 100,000 vectors."""
        return {
            "sizes": [asdict(report) for report in self.sizes],
            "linear": {
                str(report.vectors): round(report.single["p50_ms"] * 100_000 / report.vectors, 3)
                for report in self.sizes
            },
        }


def measure_latency_by_size(
    *,
    sizes: Sequence[int] = SIZES,
    k: int = 5,
    samples: int = 500,
    percents: Sequence[int] = PERCENTS,
    on_stage: Callable[[str], None] = lambda _: None,
) -> LatencyBySizeReport:
    """Measure a store of each size in a temporary folder, the larger ones with fewer queries."""
    reports = []
    for size in sizes:
        on_stage(f"latency: {size:,} vectors")
        with tempfile.TemporaryDirectory(prefix="lookalike-") as folder, random_store(size, Path(folder)) as store:
            count = max(20, min(samples, samples * 60_000 // size))
            batches, all_pairs = size <= MAX_FOR_BATCHES, size <= MAX_FOR_ALL_PAIRS
            report = measure_latency(store, k=k, samples=count, percents=percents, batches=batches, all_pairs=all_pairs)
            reports.append(report)
    return LatencyBySizeReport(tuple(reports))
