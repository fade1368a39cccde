"""When a store is checked: at the start, and while it has a problem after a newer batch or a failed load."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from search.service import health as module
from search.service.health import Health
from search.service.problems import Problem
from storage.errors import StoreBusy
from tests.search.service import own_loop


class Refreshed:
    """A served store whose refreshes have these outcomes, and then none that is new."""

    def __init__(self, outcomes: Sequence[bool | Exception]) -> None:
        self.outcomes = list(outcomes)

    def refresh(self) -> bool:
        outcome = self.outcomes.pop(0) if self.outcomes else False
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def counted(check: Callable[[], str | None], outcomes: Sequence[bool | Exception] = ()) -> tuple[int, str | None]:
    """Return how often a store with these refreshes, and twenty more, was checked, and the problem in the end."""
    calls: list[None] = []

    def count() -> str | None:
        calls.append(None)
        return check()

    health, store = Health(count, 0.001, "/folder/store"), Refreshed([*outcomes, *([False] * 20)])

    async def scenario() -> None:
        served: Any = store
        async with health.following(served):
            while store.outcomes:
                await asyncio.sleep(0.001)

    own_loop.run(scenario())
    try:
        health.require_ready()
    except Problem as problem:
        return len(calls), problem.detail
    return len(calls), None


def test_a_store_that_is_whole_is_checked_once() -> None:
    assert counted(lambda: None, [True, False, True]) == (1, None)


def test_a_store_with_a_problem_is_checked_again_after_a_newer_batch_only() -> None:
    assert counted(lambda: "3 problems") == (1, "3 problems")
    assert counted(lambda: "3 problems", [False, True, False, True]) == (3, "3 problems")


def test_a_store_that_could_not_be_loaded_is_checked_once_it_can_be() -> None:
    assert counted(lambda: None, [False, StoreBusy("gone"), StoreBusy("gone")]) == (2, None)


def test_where_the_store_is_is_not_told() -> None:
    def check() -> str | None:
        raise StoreBusy("a catalog at /folder/store/catalog.sqlite")

    _, reason = counted(check)
    assert reason == "expected a store that can be loaded, got 'a catalog at the store/catalog.sqlite'"
    assert counted(lambda: "damage in /folder/store") == (1, "damage in the store")


def test_a_check_that_cannot_tell_is_made_again() -> None:
    outcomes = iter([StoreBusy("a writer"), StoreBusy("a writer"), None])

    def check() -> str | None:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome
        return None

    assert counted(check) == (3, None)


def test_a_store_that_was_repaired_is_noticed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    monkeypatch.setattr(module, "_PAUSE_FACTOR", 0)
    answers = iter(["3 problems", "3 problems"])
    assert counted(lambda: next(answers, None)) == (3, None)
