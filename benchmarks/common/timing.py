"""Time a call, and summarize many timings."""

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

PERCENTILES = (50, 95, 99)


def seconds_of(work: Callable[[], object]) -> float:
    """Call a function and return how many seconds it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def percentiles_ms(seconds: Sequence[float] | NDArray[np.float64]) -> dict[str, float]:
    """Return the percentiles `p50_ms`, `p95_ms` and `p99_ms` of timings in seconds, in milliseconds."""
    values = np.percentile(seconds, PERCENTILES) * 1000
    return {f"p{percent}_ms": round(float(value), 4) for percent, value in zip(PERCENTILES, values, strict=True)}
