"""Queries that come at a stated rate, whether or not the last is answered: latency as a user in a crowd meets it.

A loop that asks again only when it has its answer waits with its questions while the system is slow, and so leaves the
worst out ("coordinated omission", Gil Tene, How NOT to Measure Latency, 2013). Here each query has a moment at which it
is due, and its latency counts from then, time in the queue included.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

SHARES = (50, 95, 99)


@dataclass(frozen=True)
class LoadReport:
    """Latency in milliseconds from the moment that a query was due, of `queries` that came at random.

    `offered`, as drawn, and `served` are queries a second; served below offered means that it could not keep up.
    """

    offered: float
    served: float
    queries: int
    seed: int
    latency: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)


def offer(
    ask: Callable[[int], object], rate: float, queries: int, seed: int = 0, *, clock: "Clock | None" = None
) -> LoadReport:
    """Ask `queries` times, number by number, at moments that a Poisson process of `rate` a second draws beforehand."""
    time_of, sleep = (clock or Clock()).now, (clock or Clock()).sleep
    due = np.cumsum(np.random.default_rng(seed).exponential(1 / rate, queries))
    latencies = np.empty(queries)
    began = time_of()
    for number, moment in enumerate(due):
        early = began + moment - time_of()
        if early > 0:
            sleep(early)
        ask(number)
        latencies[number] = time_of() - began - moment
    served = queries / (time_of() - began)
    percentiles = np.percentile(latencies, SHARES) * 1000
    return LoadReport(
        offered=round(queries / float(due[-1]), 1),
        served=round(served, 1),
        queries=queries,
        seed=seed,
        latency={f"p{share}_ms": round(float(value), 4) for share, value in zip(SHARES, percentiles, strict=True)},
    )


class Clock:
    """The time, and waiting for it."""

    def now(self) -> float:
        """Return seconds since some moment."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Wait, the last half millisecond awake, since a sleeper is woken late."""
        until = time.perf_counter() + seconds
        if seconds > 0.0005:
            time.sleep(seconds - 0.0005)
        while time.perf_counter() < until:
            pass
