"""When to kill: at random moments, at each crash point with or without dropping the store, or at each system call."""

import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.durability.crashes.attacks import (
    AfterDrop,
    AfterStep,
    AtCrashPoint,
    AtSystemCall,
    Attack,
    count_crash_points,
)
from benchmarks.durability.crashes.child import Child, run_unharmed
from benchmarks.durability.crashes.crash_trial import CREATION, STEPS
from benchmarks.durability.processes import Setup
from benchmarks.durability.workload import steps, work

#: The probability that a run which resumes after a kill is killed too, and the most kills of one store.
_KILLED_AGAIN, _MOST_KILLS = 1 / 3, 4

#: A run that resumes is killed within this many calls from its start.
_SOON = 60

#: How many times the steps are timed.
_TIMED = 3


def at_random(folder: Path, generator: np.random.Generator) -> Iterator[list[Attack]]:
    """Yield endlessly a kill in a step of a random kind, sometimes followed by kills of the runs that resume."""
    names = [CREATION, *(step.name for step in steps())]
    seconds, opening = _step_seconds(folder)
    while True:
        kind = generator.choice(sorted(set(names)))
        step = generator.choice([number for number, name in enumerate(names) if name == kind])
        small_cache = bool(generator.random() < 0.5)
        # A little longer than the step takes, so that its acknowledgement is hit too.
        delay = float(generator.uniform(0, 1.1 * seconds[step]))
        attacks: list[Attack] = [AfterStep(int(step) - 1, delay, small_cache)]
        while len(attacks) < _MOST_KILLS and generator.random() < _KILLED_AGAIN:
            attacks.append(AfterStep(-1, float(generator.uniform(0, 2 * opening)), small_cache))
        yield attacks


def _step_seconds(folder: Path) -> tuple[list[float], float]:
    """Return the median seconds of the creation and of each step, and those of opening the finished store."""
    runs = []
    for _ in range(_TIMED):
        first, second = _run_work(folder), _run_work(folder)
        shutil.rmtree(folder)
        runs.append([*np.diff([first.started, *first.times]), second.times[0] - second.started])
    *seconds, opening = np.median(runs, axis=0).tolist()
    return seconds, opening


def _run_work(folder: Path) -> Child:
    return run_unharmed(lambda send: work(folder, lambda number: send(str(number))))


def at_crash_points(folder: Path, generator: np.random.Generator, steps: Sequence[str]) -> Iterator[list[Attack]]:
    """Yield a kill at each crash point of our own code, half of them with a kill of the run that resumes.

    The order is random: a bug that spans several calls shows sooner than in the order of the calls. If any `steps` are
    named, only those of these steps are killed.
    """
    counts = count_crash_points(folder)
    shutil.rmtree(folder)
    names = [name for name, count in zip(STEPS, counts, strict=True) for _ in range(count)]
    for number in generator.permutation(len(names)).tolist():
        second = AtCrashPoint(int(generator.integers(_SOON)))
        attacks: list[Attack] = [AtCrashPoint(number), second] if generator.random() < 0.5 else [AtCrashPoint(number)]
        if not steps or names[number] in steps:
            yield attacks


def after_drops(folder: Path, generator: np.random.Generator) -> Iterator[list[Attack]]:
    """Yield a drop of the store at each crash point of our own code, in random order."""
    numbers = generator.permutation(sum(count_crash_points(folder, interrupts=True)))
    shutil.rmtree(folder)
    for number in numbers.tolist():
        yield [AfterDrop(number)]


def at_system_calls(call: str, generator: np.random.Generator, setup: Setup) -> Iterator[list[Attack]]:
    """Yield endlessly a kill at each system call of a name, half of them with a kill of the run that resumes."""
    for number in itertools.count(1):
        second = AtSystemCall(call, int(generator.integers(1, _SOON // 4)), setup)
        first = AtSystemCall(call, number, setup)
        yield [first, second] if generator.random() < 0.5 else [first]
