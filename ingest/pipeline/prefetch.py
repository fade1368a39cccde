"""Make things ahead of their use: in a thread of its own, or begun some steps before their turn."""

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

#: Seconds until a thread that waits for room looks whether anybody still wants what it makes.
_PATIENCE = 0.1


@dataclass(frozen=True, slots=True)
class _Ended:
    """The end of what is made: by itself, or by an error."""

    error: BaseException | None


def ahead(made: Generator[T, None, None], depth: int) -> Generator[T, None, None]:
    """Walk what a generator makes, in order, with at most `depth` of it waiting; its errors are raised here.

    Close what this returns, and the generator is closed in its own thread after what it is about to make.
    """
    waiting: queue.Queue[T | _Ended] = queue.Queue(depth)
    unwanted = threading.Event()

    def put(one: T | _Ended) -> None:
        while not unwanted.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(one, timeout=_PATIENCE)
                return

    def make() -> None:
        error = None
        try:
            for one in made:
                put(one)
                if unwanted.is_set():
                    break
            made.close()
        except BaseException as raised:
            error = raised
        put(_Ended(error))

    thread = threading.Thread(target=make, name="ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(one := waiting.get(), _Ended):
            yield one
        if one.error is not None:
            raise one.error
    finally:
        unwanted.set()
        thread.join()


def lookahead(begun: Iterable[T], by: int) -> Iterator[T]:
    """Walk what is begun, in order; before each is given out, the next `by` are begun."""
    waiting: deque[T] = deque()
    for one in begun:
        waiting.append(one)
        if len(waiting) > by:
            yield waiting.popleft()
    while waiting:
        yield waiting.popleft()
