"""The checks that must catch the mutants: the benchmarks of faults, and invariants of every store."""

import functools
from collections.abc import Callable

import pytest

from benchmarks.durability.crashes.crash_report import crash_at_each_call, crash_at_random, drop_at_each_call
from benchmarks.durability.power_loss.power_loss_report import cut_power
from benchmarks.durability.processes import scratch_folder
from storage import LookalikeError
from tests.durability.mutants.invariants import INVARIANTS
from tests.durability.mutants.registry import Mutant, installed, setup_of

#: How many states after power cuts are opened.
POWER_CUTS = 250

#: Where a mutant shows in one kind of step only, the writer is killed in these.
_CRASHED_STEPS = ("append", "create", "move", "publish")

#: The seed of an order of crash points in which the mutants are caught soon; any order catches them.
SEED = 9


def _check_invariant(name: str, mutant: Mutant) -> list[str]:
    with installed(mutant.name), scratch_folder() as folder:
        try:
            return INVARIANTS[name](folder / "store")
        except LookalikeError as error:
            return [f"the store refuses what it wrote itself: {error}"]


def _check_power_loss(mutant: Mutant) -> list[str]:
    report = cut_power(POWER_CUTS, seed=0, setup=setup_of(mutant.name), until_bad=True)
    if report.skipped is not None:
        pytest.skip(f"NOT TESTED HERE: {report.skipped}")
    return report.tally.examples


def _check_crashes(steps: tuple[str, ...], mutant: Mutant) -> list[str]:
    return crash_at_each_call(seed=SEED, steps=steps, setup=setup_of(mutant.name)).tally.examples


#: By name: installs a mutant, runs the check and returns what it found; skips the test where it cannot run.
CHECKS: dict[str, Callable[[Mutant], list[str]]] = {
    "power loss": _check_power_loss,
    "crashes at random": lambda mutant: crash_at_random(100, 1, setup_of(mutant.name)).tally.examples,
    **{f"crashes in {step}": functools.partial(_check_crashes, (step,)) for step in _CRASHED_STEPS},
    "dropped stores": lambda mutant: drop_at_each_call(seed=SEED, setup=setup_of(mutant.name)).tally.examples,
    **{name: functools.partial(_check_invariant, name) for name in INVARIANTS},
}
