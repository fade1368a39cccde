"""Plant each bug in turn and run the check that must notice it: the suite itself is put to the test."""

import functools
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from benchmarks.durability.crashes.kills import killed_at_each_call, killed_at_random
from benchmarks.durability.judge import scratch
from benchmarks.durability.power_loss.power_cuts import cut_power
from storage import LookalikeError
from tests.durability.mutants.invariants import INVARIANTS
from tests.durability.mutants.registry import BUGS, Bug, planted

#: So many states after power cuts are opened.
POWER_CUTS = 250

#: The seed of an order of moments in which the bugs show soon; any order shows them.
SOON = 9


@dataclass(frozen=True)
class Caught:
    """What a check found of a planted bug: the first line, or None when it noticed nothing."""

    bug: str
    what: str
    check: str
    found: str | None


@dataclass(frozen=True)
class PlantedReport:
    """Which planted bugs the suite noticed; `skipped` are those whose check cannot run here, with the reason."""

    caught: tuple[Caught, ...]
    missed: tuple[Caught, ...]
    skipped: tuple[tuple[str, str], ...]

    @property
    def ok(self) -> bool:
        """Tell whether every bug whose check can run was noticed."""
        return bool(self.caught) and not self.missed

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def table(self) -> Table:
        """Return the report as a table to print."""
        table = Table(title=f"Planted bugs: {len(self.caught)} caught, {len(self.missed)} missed", title_justify="left")
        for name in ("bug", "check", "found"):
            table.add_column(name)
        for one in (*self.missed, *self.caught):
            table.add_row(one.what, one.check, one.found or "MISSED")
        for bug, reason in self.skipped:
            table.add_row(BUGS[bug].what, BUGS[bug].caught_by, f"SKIPPED: {reason}")
        return table


class CheckSkipped(Exception):
    """A check that cannot run on this machine."""


def planted_bugs_caught() -> PlantedReport:
    """Plant every bug, one at a time, and run its check until it finds something."""
    caught: list[Caught] = []
    missed: list[Caught] = []
    skipped: list[tuple[str, str]] = []
    for bug in BUGS.values():
        try:
            found = CHECKS[bug.caught_by](bug)
        except CheckSkipped as reason:
            skipped.append((bug.name, str(reason)))
            continue
        result = Caught(bug.name, bug.what, bug.caught_by, found[0] if found else None)
        (caught if found else missed).append(result)
    return PlantedReport(tuple(caught), tuple(missed), tuple(skipped))


def _by_invariant(name: str, bug: Bug) -> list[str]:
    with planted(bug.name), scratch() as folder:
        try:
            return INVARIANTS[name](folder / "store")
        except LookalikeError as error:
            return [f"the store refuses what it made itself: {error}"]


def _at_power_cuts(bug: Bug) -> list[str]:
    report = cut_power(POWER_CUTS, seed=0, plant=bug.name)
    if report.skipped is not None:
        raise CheckSkipped(report.skipped)
    return list(report.examples)


def _at_random(bug: Bug) -> list[str]:
    return list(killed_at_random(100, 1, plant=bug.name).problems)


def _at_each_call(bug: Bug) -> list[str]:
    return list(killed_at_each_call(seed=SOON, plant=bug.name).problems)


#: By the name of a check: plants a bug, runs it and returns what it finds.
CHECKS: dict[str, Callable[[Bug], list[str]]] = {
    "power cuts": _at_power_cuts,
    "kills at random": _at_random,
    "kills at each call": _at_each_call,
    **{name: functools.partial(_by_invariant, name) for name in INVARIANTS},
}
