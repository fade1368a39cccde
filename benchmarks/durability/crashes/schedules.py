"""When to kill: attacks without end at random moments, or one for each moment of our own calls, or each system call."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.durability.crashes.attacks import AfterStep, AtMoment, AtSystemCall, Attack, moments
from benchmarks.durability.crashes.forks import Child, End
from benchmarks.durability.crashes.trials import CREATION
from benchmarks.durability.workload import steps, work
from benchmarks.errors import BenchmarkFailed

#: How often, as a share, a run that goes on after a kill is killed too, and how many kills a store sees at most.
_AGAIN, _MOST = 1 / 3, 4

#: A run that goes on is killed within so many calls from its start.
_SOON = 60

#: How many times the steps are timed.
_TIMED = 3


def at_random(folder: Path, generator: np.random.Generator) -> Iterator[list[Attack]]:
    """Yield a kill in a step of a random kind, sometimes with kills while the store is opened again, for ever."""
    names = [CREATION, *(step.name for step in steps())]
    seconds, opening = _timed(folder)
    while True:
        kind = generator.choice(sorted(set(names)))
        step = generator.choice([number for number, name in enumerate(names) if name == kind])
        small = bool(generator.random() < 0.5)
        # A little beyond the step, so that its acknowledgement is hit too.
        attacks: list[Attack] = [AfterStep(int(step) - 1, float(generator.uniform(0, 1.1 * seconds[step])), small)]
        while len(attacks) < _MOST and generator.random() < _AGAIN:
            attacks.append(AfterStep(-1, float(generator.uniform(0, 2 * opening)), small))
        yield attacks


def _timed(folder: Path) -> tuple[list[float], float]:
    """Return how long the creation and each step take here, and opening a store again, in seconds (medians)."""
    runs = []
    for _ in range(_TIMED):
        first, again = _worked(folder), _worked(folder)
        shutil.rmtree(folder)
        runs.append([*np.diff([first.started, *first.told_at]), again.told_at[0] - again.started])
    *seconds, opening = np.median(runs, axis=0).tolist()
    return seconds, opening


def _worked(folder: Path) -> Child:
    """Return a child that did the work to its end; raise BenchmarkFailed when it could not."""
    child = Child(lambda tell: work(folder, lambda number: tell(str(number))))
    if child.end() is not End.DONE:
        raise BenchmarkFailed(f"expected the work to end when nothing attacks it, got {child.told}")
    return child


def at_moments(folder: Path, generator: np.random.Generator) -> Iterator[list[Attack]]:
    """Yield a kill at each moment of our own calls, half of them with a kill of the run that goes on.

    They come in any order: what a bug leaves open shows sooner than in the order of the calls.
    """
    numbers = generator.permutation(moments(folder))
    shutil.rmtree(folder)
    for number in numbers.tolist():
        again = AtMoment(int(generator.integers(_SOON)))
        yield [AtMoment(number), again] if generator.random() < 0.5 else [AtMoment(number)]


def at_system_calls(call: str, generator: np.random.Generator, plant: str | None) -> Iterator[list[Attack]]:
    """Yield a kill at each system call of a name, for ever, half of them with a kill of the run that goes on."""
    for number in itertools.count(1):
        again = AtSystemCall(call, int(generator.integers(1, _SOON // 4)), plant)
        first = AtSystemCall(call, number, plant)
        yield [first, again] if generator.random() < 0.5 else [first]
