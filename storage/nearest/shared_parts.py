"""Compute the parts of something short on the calling thread, and on worker threads as far as they come in time.

The threads of OpenMP and BLAS wait for each other by spinning: while other processes use all processors, one of them
does not run for milliseconds, and nor does what waits for it. Here nobody waits. The caller takes parts from the front,
workers from the back; when none is left to take, the caller computes those that a worker still is at as well.
"""

import atexit
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from storage import after_fork

Result = TypeVar("Result")


class _Parts(Generic[Result]):
    """The parts of one computation, each taken once by a thread; thread-safe."""

    def __init__(self, compute: Callable[[int], Result], count: int) -> None:
        self._compute = compute
        self._untaken = deque(range(count))
        self._results: list[Result | None] = [None] * count

    def compute_from_front(self) -> list[Result]:
        """Return the results of all parts."""
        try:
            self._compute_untaken(self._untaken.popleft)
            return [self._compute(part) if result is None else result for part, result in enumerate(self._results)]
        finally:
            self._untaken.clear()

    def compute_from_back(self) -> None:
        """Compute what is not taken; a part that fails is left to the caller, who then raises the error."""
        try:
            self._compute_untaken(self._untaken.pop)
        except Exception:
            return

    def _compute_untaken(self, take: Callable[[], int]) -> None:
        while self._untaken:
            try:
                part = take()
            except IndexError:
                return
            self._results[part] = self._compute(part)


#: What a worker waits for: parts to compute, or None to stop.
_Tasks = SimpleQueue[_Parts[Any] | None]


class Workers:
    """Threads that wait for parts to compute; they start when first needed.

    A worker may compute a part for a while after its result is of no use.
    """

    def __init__(self) -> None:
        self._stopped = False
        self.leave_to_parent()
        after_fork.register(self)
        # A daemon that comes back from C++ while the interpreter ends would abort the process.
        atexit.register(self.stop)

    def leave_to_parent(self) -> None:
        """Forget the threads, none of which a forked process has."""
        self._threads: list[tuple[threading.Thread, _Tasks]] = []
        self._idle: deque[_Tasks] = deque()
        self._starting = threading.Lock()

    def compute(self, compute: Callable[[int], Result], count: int, threads: int) -> list[Result]:
        """Return what a function returns for each part from 0 to `count` - 1, computed by at most so many threads.

        It is called by several threads at once, and sometimes twice for a part: it must then return the same, in memory
        that no other call writes to.
        """
        helpers = min(threads, count) - 1
        if len(self._threads) < helpers:
            self._start(helpers)
        parts = _Parts(compute, count)
        for _ in range(helpers):
            try:
                tasks = self._idle.pop()
            except IndexError:
                # They are busy with other computations: so are the processors.
                break
            tasks.put(parts)
        return parts.compute_from_front()

    def _start(self, count: int) -> None:
        """Start workers until there are so many, unless the process may have no more threads."""
        if not self._starting.acquire(blocking=False):
            return
        try:
            while len(self._threads) < count and not self._stopped:
                tasks: _Tasks = SimpleQueue()
                thread = threading.Thread(target=_work, args=(tasks, self._idle), name="scanning", daemon=True)
                thread.start()
                self._threads.append((thread, tasks))
        except RuntimeError:
            return
        finally:
            self._starting.release()

    def stop(self) -> None:
        """Stop all threads for good, and wait for parts that they are at."""
        self._stopped = True
        for _, tasks in self._threads:
            tasks.put(None)
        for thread, _ in self._threads:
            thread.join()


def _work(tasks: _Tasks, idle: deque[_Tasks]) -> None:
    while True:
        idle.append(tasks)
        parts = tasks.get()
        if parts is None:
            return
        parts.compute_from_back()
        # It refers to vectors, which may be dropped before there is another.
        del parts


#: One set of threads for the process, as it has one set of processors.
WORKERS = Workers()
