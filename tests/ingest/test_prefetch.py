"""Prefetching: in order, bounded, and ended with the consumer."""

import threading
import time
from collections.abc import Generator
from contextlib import closing

import pytest

from ingest.prefetch import lookahead, prefetch


def counting(to: int, produced: list[int]) -> Generator[int, None, None]:
    for number in range(to):
        produced.append(number)
        yield number


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "prefetch"]


def test_items_come_in_order_from_another_thread() -> None:
    names: list[str] = []

    def items() -> Generator[int, None, None]:
        for number in range(100):
            names.append(threading.current_thread().name)
            yield number

    assert list(prefetch(items(), 3)) == list(range(100))
    assert set(names) == {"prefetch"}
    assert threads() == []


def test_no_more_items_are_produced_than_the_depth_and_one_in_hand() -> None:
    produced: list[int] = []
    with closing(prefetch(counting(100, produced), 3)) as items:
        next(items)
        deadline = time.monotonic() + 10
        while len(produced) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        # One is consumed, three wait, and one waits for room.
        assert produced == [0, 1, 2, 3, 4]
    assert threads() == []


def test_an_error_is_raised_in_the_consumer_after_the_items_before_it() -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        raise ValueError("no more")

    items = prefetch(failing(), 3)
    assert next(items) == 1
    with pytest.raises(ValueError, match=r"^no more$"):
        next(items)
    assert threads() == []


def test_closing_closes_the_generator_in_its_own_thread() -> None:
    closed: list[str] = []

    def items() -> Generator[int, None, None]:
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.current_thread().name)

    prefetched = prefetch(items(), 1)
    next(prefetched)
    prefetched.close()
    assert closed == ["prefetch"]
    assert threads() == []


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_lookahead_yields_in_order_with_no_more_than_its_count_started(count: int) -> None:
    started: list[int] = []
    items = lookahead(counting(10, started), count)
    ahead_of_each = [len(started) - taken for taken, _ in enumerate(items, start=1)]
    assert started == list(range(10))
    assert ahead_of_each == [min(count, 10 - taken) for taken in range(1, 11)]
    assert list(lookahead(range(10), count)) == started
