"""PollingLock of threads that would hinder each other: whoever has had one may have the next at once."""

import threading
import time
from types import TracebackType

#: Seconds until a thread that waits looks again: twice as long each time, since each look costs the one that works.
_PATIENCE, _LONGEST_PATIENCE = 0.0005, 0.004


class PollingLock:
    """One thread at a time, in a `with` statement; not in the order of coming.

    A lock is handed to whoever waits as soon as it is let go, and two threads that work for less time than one takes to
    wake up would do nothing but wake each other. Here those that wait look now and then, and find it free as often as
    not: none waits long, and the one that works goes on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        patience = _PATIENCE
        while not self._lock.acquire(blocking=False):
            time.sleep(patience)
            patience = min(2 * patience, _LONGEST_PATIENCE)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
