"""One trial: attack a writer, look at what it left, let it go on to the end, and compare with one never interrupted."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.durability.crashes.attacks import Attack
from benchmarks.durability.crashes.forks import Child, End, Tell
from benchmarks.durability.judge import Digests, Kind, digests_of, findings
from benchmarks.durability.workload import steps, work
from benchmarks.errors import BenchmarkFailed

#: What is under way before the store is there, before it is open again, and after the last step.
CREATION, OPENING, END = "create", "open", "end"

_STEPS = [CREATION, *(step.name for step in steps()), END]


@dataclass(frozen=True)
class Trial:
    """What became of one store: in which step each kill came, and what was wrong, as (kind, line).

    The kinds are the values of `Kind`. `recoveries` counts the kills of runs that went on where another was killed.
    """

    hit: tuple[str, ...]
    recoveries: int
    problems: tuple[tuple[str, str], ...]


def uninterrupted(folder: Path) -> Digests:
    """Return the digests of a store that was made without an interruption; raise BenchmarkFailed when that fails."""

    def finish(tell: Tell) -> None:
        work(folder, lambda _: None)
        tell(json.dumps(digests_of(folder)))

    child = Child(finish)
    if child.end() is not End.DONE:
        raise BenchmarkFailed(f"expected the work to end when nothing attacks it, got {child.told}")
    told: Digests = json.loads(child.told[-1])
    shutil.rmtree(folder)
    return told


def run_trial(folder: Path, attacks: Sequence[Attack], expected: Digests) -> Trial:
    """Attack the work on a new store in the folder as often as told, then judge it; the folder is gone afterwards."""
    hit: list[str] = []
    problems: list[tuple[str, str]] = []
    acknowledged = -1
    for attack in attacks:
        attacked = attack(folder)
        opening = attacked.acknowledged < 0 <= acknowledged
        acknowledged = max(acknowledged, attacked.acknowledged)
        if attacked.end is End.FAILED:
            problems.append((Kind.UNOPENABLE.value, f"the work does not go on: {attacked.failure}"))
        if attacked.end is not End.KILLED:
            break
        hit.append(OPENING if opening else _STEPS[attacked.acknowledged + 1])
    if not problems:
        problems = _judge(folder, acknowledged, expected)
    shutil.rmtree(folder, ignore_errors=True)
    return Trial(tuple(hit), max(0, len(hit) - 1), tuple(problems))


def _judge(folder: Path, acknowledged: int, expected: Digests) -> list[tuple[str, str]]:
    """Look at the store as it was left, let the work go on to its end, and compare; in a process of its own."""

    def judge(tell: Tell) -> None:
        for found in findings(folder, acknowledged, thorough=True, expected=expected):
            tell(json.dumps([found.kind.value, found.line]))

    child = Child(judge)
    if child.end() is not End.DONE:
        return [(Kind.UNOPENABLE.value, f"it cannot be looked at: {' '.join(child.told)}")]
    return [(kind, line) for kind, line in map(json.loads, child.told)]
