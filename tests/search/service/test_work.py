"""How much is done at once, and for how long."""

import asyncio
import threading

import pytest

from search.service.bounds import Bounds
from search.service.problems import Problem
from search.service.work import WorkQueue
from tests.search.service import own_loop


def test_what_is_one_too_many_is_refused_at_once_and_room_comes_back() -> None:
    async def scenario() -> None:
        release = threading.Event()
        queue = WorkQueue(1, Bounds(waiting=1))
        first = asyncio.create_task(queue.run(release.wait))
        second = asyncio.create_task(queue.run(lambda: "second"))
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await queue.run(lambda: "third")
        assert (refused.value.status, refused.value.code) == (503, "busy")
        assert refused.value.headers == {"Retry-After": "1"}
        release.set()
        assert (await first, await second) == (True, "second")
        await asyncio.sleep(0)
        assert await queue.run(lambda: "fourth") == "fourth"
        queue.close()

    own_loop.run(scenario())


def test_what_is_late_is_refused_but_counts_until_its_thread_ends() -> None:
    async def scenario() -> None:
        release = threading.Event()
        queue = WorkQueue(1, Bounds(seconds=0.05, waiting=0))
        with pytest.raises(Problem) as late:
            await queue.run(release.wait)
        assert (late.value.status, late.value.code) == (503, "timed_out")
        with pytest.raises(Problem) as refused:
            await queue.run(lambda: "next")
        assert refused.value.code == "busy"
        release.set()
        while queue.running:
            await asyncio.sleep(0.001)
        queue.close()

    own_loop.run(scenario())


def test_an_error_is_raised_to_whoever_asked() -> None:
    async def scenario() -> None:
        queue = WorkQueue(1, Bounds())
        with pytest.raises(ZeroDivisionError):
            await queue.run(lambda: 1 / 0)
        queue.close()

    own_loop.run(scenario())


def test_what_was_too_late_before_it_began_is_never_done() -> None:
    async def scenario() -> None:
        release = threading.Event()
        queue = WorkQueue(1, Bounds(seconds=0.05, waiting=1))
        done: list[str] = []
        first = asyncio.create_task(queue.run(release.wait))
        await asyncio.sleep(0)
        with pytest.raises(Problem):
            await queue.run(lambda: done.append("late"))
        with pytest.raises(Problem):
            await first
        release.set()
        while queue.running:
            await asyncio.sleep(0.001)
        assert await queue.run(lambda: "next") == "next"
        assert done == []
        queue.close()

    own_loop.run(scenario())
