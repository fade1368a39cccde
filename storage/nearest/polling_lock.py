"""A mutex whose waiters poll with back-off: it may be re-acquired at once, which suits very short critical sections."""

import threading
import time

#: Seconds until a waiter tries again, at first and at most; they double, since each try delays the holder.
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.0005, 0.004


class PollingLock:
    """One thread at a time, in a `with` statement; not first come, first served.

    `threading.Lock` is handed to a waiter as soon as it is released, and two threads whose critical sections are
    shorter than a thread switch would do nothing but switch. Waiters that poll find the lock free often enough, and the
    running thread goes on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        wait = _FIRST_WAIT_S
        while not self._lock.acquire(blocking=False):
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_S)

    def __exit__(self, *_: object) -> None:
        self._lock.release()
