"""Open-loop load, on a clock that the test advances."""

import numpy as np
import pytest

from benchmarks.measures.open_loop_load import Clock, offer_load


class ManualClock(Clock):
    """A clock that stands still unless it is advanced."""

    def __init__(self) -> None:
        self.time = 0.0
        self.sleeps = 0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.sleeps += 1


def test_a_query_that_finds_no_queue_takes_its_own_time() -> None:
    clock = ManualClock()

    def answer(_: int) -> None:
        clock.time += 0.001

    report = offer_load(answer, rate=1.0, queries=200, clock=clock)
    assert report.latency == pytest.approx({"p50_ms": 1.0, "p95_ms": 1.0, "p99_ms": 1.0}, rel=0.05)
    assert report.served == pytest.approx(report.offered, rel=0.01)
    assert report.offered == pytest.approx(1.0, rel=0.2)


def test_waiting_behind_a_slow_query_counts_for_all_queries_that_arrived_meanwhile() -> None:
    clock = ManualClock()

    def answer(number: int) -> None:
        clock.time += 10.0 if number == 0 else 0.0

    report = offer_load(answer, rate=10.0, queries=200, seed=3, clock=clock)
    arrivals = np.cumsum(np.random.default_rng(3).exponential(0.1, 200))
    expected = np.maximum(0.0, arrivals[0] + 10.0 - arrivals) * 1000
    # A closed loop would have measured one slow query of 200, and a median and p95 of 0.
    assert report.latency["p50_ms"] == pytest.approx(np.percentile(expected, 50), abs=0.01)
    assert report.latency["p95_ms"] == pytest.approx(np.percentile(expected, 95), abs=0.01)


def test_a_system_that_cannot_keep_up_serves_less_than_is_offered() -> None:
    clock = ManualClock()

    def answer(_: int) -> None:
        clock.time += 1.0

    report = offer_load(answer, rate=10.0, queries=50, clock=clock)
    assert report.served == pytest.approx(1.0, rel=0.02)
    assert clock.sleeps == 1
