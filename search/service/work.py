"""Run searches in threads: a bounded number at once, a bounded number waiting, each within a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from search.service.bounds import Bounds
from search.service.problems import unavailable

Result = TypeVar("Result")


class WorkQueue:
    """A bounded queue before a few threads; used from one event loop."""

    def __init__(self, threads: int, bounds: Bounds) -> None:
        self._threads = ThreadPoolExecutor(threads, "search")
        self._most = threads + bounds.waiting
        self._seconds = bounds.seconds
        self.running = 0

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what `work` does, run in a thread; raise Problem when too much waits already, or after the time.

        A thread cannot be stopped: work that is too late still counts until it ends.
        """
        if self.running >= self._most:
            raise unavailable("busy", f"expected at most {self._most} requests at once, got one more")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Result] = loop.create_future()
        future = self._threads.submit(work)
        self.running += 1
        # The loop is woken once: asyncio's own wrapper of a future would wake it a second time.
        future.add_done_callback(lambda done: _call_in(loop, lambda: self._finish(done, answer)))
        try:
            async with asyncio.timeout(self._seconds):
                return await answer
        except TimeoutError:
            raise unavailable("timed_out", f"expected an answer within {self._seconds:g} seconds, got none") from None
        finally:
            # What nobody waits for any more is not begun.
            future.cancel()

    def _finish(self, done: "Future[Result]", answer: "asyncio.Future[Result]") -> None:
        self.running -= 1
        if answer.done() or done.cancelled():
            return
        error = done.exception()
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(done.result())

    def close(self) -> None:
        """Begin nothing more; what runs, ends."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _call_in(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    # A loop that ended meanwhile counts nothing any more.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function)
