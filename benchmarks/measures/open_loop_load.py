"""Measure latency under open-loop load: queries arrive at a given rate, whether or not the last one is answered.

A closed loop sends the next query only after the last answer, so it sends none while the system is slow and misses the
worst latencies ("coordinated omission", Gil Tene, How NOT to Measure Latency, 2013). Here each query has an arrival
time, and its latency counts from then, time in the queue included.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.common.timing import percentiles_ms


@dataclass(frozen=True)
class LoadReport:
    """Percentiles of the latency in milliseconds, from each query's arrival, over `queries` random arrivals.

    `offered`, as drawn, and `served` are queries per second; `served` is lower if the system could not keep up.
    """

    offered: float
    served: float
    queries: int
    seed: int
    latency: dict[str, float]


class Clock:
    """The current time, and waiting; a test replaces it."""

    def now(self) -> float:
        """Return seconds since an arbitrary start."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Wait; the last half millisecond is a busy loop, because `time.sleep` returns late."""
        until = time.perf_counter() + seconds
        if seconds > 0.0005:
            time.sleep(seconds - 0.0005)
        while time.perf_counter() < until:
            pass


def offer_load(
    answer: Callable[[int], object], rate: float, queries: int, seed: int = 0, *, clock: Clock | None = None
) -> LoadReport:
    """Answer queries 0, 1, ... as they arrive by a Poisson process of `rate` per second, drawn beforehand."""
    clock = clock or Clock()
    arrivals = np.cumsum(np.random.default_rng(seed).exponential(1 / rate, queries))
    latencies = np.empty(queries)
    started = clock.now()
    for number, arrival in enumerate(arrivals):
        early = started + arrival - clock.now()
        if early > 0:
            clock.sleep(early)
        answer(number)
        latencies[number] = clock.now() - started - arrival
    served = queries / (clock.now() - started)
    return LoadReport(
        offered=round(queries / float(arrivals[-1]), 1),
        served=round(served, 1),
        queries=queries,
        seed=seed,
        latency=percentiles_ms(latencies),
    )
