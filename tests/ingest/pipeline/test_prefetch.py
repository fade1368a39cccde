"""Making things ahead of their use: in order, bounded, and ended with whoever uses them."""

import threading
import time
from collections.abc import Generator
from contextlib import closing
from typing import Any

import pytest

from ingest.pipeline.prefetch import ahead, lookahead


def counting(to: int, made: list[int]) -> Generator[int, None, None]:
    for number in range(to):
        made.append(number)
        yield number


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "ahead"]


def test_what_is_made_comes_in_order_from_another_thread() -> None:
    names: list[str] = []

    def making() -> Generator[int, None, None]:
        for number in range(100):
            names.append(threading.current_thread().name)
            yield number

    assert list(ahead(making(), 3)) == list(range(100))
    assert set(names) == {"ahead"}
    assert threads() == []


def test_no_more_is_made_than_may_wait_and_one_in_hand() -> None:
    made: list[int] = []
    with closing(ahead(counting(100, made), 3)) as walked:
        next(walked)
        deadline = time.monotonic() + 10
        while len(made) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        # One was taken, three wait, and one waits for room.
        assert made == [0, 1, 2, 3, 4]
    assert threads() == []


def test_an_error_is_raised_where_things_are_used_after_what_came_before() -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        raise ValueError("no more")

    walked = ahead(failing(), 3)
    assert next(walked) == 1
    with pytest.raises(ValueError, match=r"^no more$"):
        next(walked)
    assert threads() == []


def test_closing_closes_what_is_made_in_the_thread_that_makes_it() -> None:
    closed: list[str] = []

    def making() -> Generator[int, None, None]:
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.current_thread().name)

    walked: Any = ahead(making(), 1)
    next(walked)
    walked.close()
    assert closed == ["ahead"]
    assert threads() == []


@pytest.mark.parametrize("by", [0, 1, 3])
def test_what_is_begun_comes_in_order_and_no_further_ahead_than_asked(by: int) -> None:
    begun: list[int] = []
    ahead_of_each = [len(begun) - taken for taken, _ in enumerate(lookahead(counting(10, begun), by), start=1)]
    assert begun == list(range(10))
    assert ahead_of_each == [min(by, 10 - taken) for taken in range(1, 11)]
    assert list(lookahead(range(10), by)) == begun
