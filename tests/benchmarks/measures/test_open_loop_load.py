"""Queries at a stated rate, on a clock that is turned by hand."""

import numpy as np
import pytest

from benchmarks.measures.open_loop_load import Clock, offer


class HandClock(Clock):
    """Time passes only where it is said to."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept = 0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.slept += 1


def test_a_query_that_is_answered_at_once_takes_its_own_time() -> None:
    clock = HandClock()

    def ask(_: int) -> None:
        clock.time += 0.001

    report = offer(ask, rate=1.0, queries=200, clock=clock)
    assert report.latency == pytest.approx({"p50_ms": 1.0, "p95_ms": 1.0, "p99_ms": 1.0}, rel=0.05)
    assert report.served == pytest.approx(report.offered, rel=0.01)
    assert report.offered == pytest.approx(1.0, rel=0.2)


def test_the_wait_behind_one_slow_query_is_counted_for_all_that_were_due_meanwhile() -> None:
    clock = HandClock()

    def ask(number: int) -> None:
        clock.time += 10.0 if number == 0 else 0.0

    report = offer(ask, rate=10.0, queries=200, seed=3, clock=clock)
    due = np.cumsum(np.random.default_rng(3).exponential(0.1, 200))
    expected = np.maximum(0.0, due[0] + 10.0 - due) * 1000
    # A loop that waits for its answers would have seen one slow query of 200, and a median and p95 of nothing.
    assert report.latency["p50_ms"] == pytest.approx(np.percentile(expected, 50), abs=0.01)
    assert report.latency["p95_ms"] == pytest.approx(np.percentile(expected, 95), abs=0.01)


def test_what_cannot_keep_up_serves_less_than_is_offered() -> None:
    clock = HandClock()

    def ask(_: int) -> None:
        clock.time += 1.0

    report = offer(ask, rate=10.0, queries=50, clock=clock)
    assert report.served == pytest.approx(1.0, rel=0.02)
    assert clock.slept == 1
