"""Produce items before they are needed: in a thread of their own, or started a few steps early."""

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

#: Seconds that the producer waits for room before it checks whether the consumer has stopped.
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class _End:
    """The end of the items, and the error that caused it, if any."""

    error: BaseException | None


def prefetch(items: Generator[T, None, None], depth: int) -> Generator[T, None, None]:
    """Yield a generator's items in order, while its thread produces up to `depth` more; its errors are raised here.

    Closing the returned generator closes `items`, in its own thread, after the current item.
    """
    ready: queue.Queue[T | _End] = queue.Queue(depth)
    closed = threading.Event()

    def put(item: T | _End) -> None:
        while not closed.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(item, timeout=_POLL_S)
                return

    def produce() -> None:
        error = None
        try:
            for item in items:
                put(item)
                if closed.is_set():
                    break
            items.close()
        except BaseException as raised:
            error = raised
        put(_End(error))

    thread = threading.Thread(target=produce, name="prefetch", daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        closed.set()
        thread.join()


def lookahead(started: Iterable[T], count: int) -> Iterator[T]:
    """Yield items in order, each after the next `count` were taken from the iterable, which starts them."""
    waiting: deque[T] = deque()
    for item in started:
        waiting.append(item)
        if len(waiting) > count:
            yield waiting.popleft()
    while waiting:
        yield waiting.popleft()
