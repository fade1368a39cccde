"""A process that has imported all and used nothing, whose children are killed; started by `kills.py`.

`python -m benchmarks.durability.crashes.fork_server` takes one JSON document and prints a line of JSON for each trial.
"""

import gc
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.durability.crashes.attacks import Attack
from benchmarks.durability.crashes.schedules import at_moments, at_random, at_system_calls
from benchmarks.durability.crashes.trials import Trial, run_trial, uninterrupted
from benchmarks.errors import BenchmarkFailed
from tests.durability.mutants.registry import plant

#: Kinds of schedules.
RANDOM, MOMENTS, SYSTEM_CALLS = "random", "moments", "system calls"


@dataclass(frozen=True)
class Order:
    """What one server does, in which folder: every `lanes`-th trial of a schedule, from number `lane`.

    At random, they end when `kills` were made; at each of the system `calls`, when a writer came to its end. With a
    bug to `plant`, one problem is enough: it is told to the other servers by a file beside their folders.
    """

    schedule: str
    folder: str
    seed: int
    lane: int
    lanes: int
    kills: int = 0
    calls: Sequence[str] = ()
    plant: str | None = None


def main() -> None:
    """Run the trials that the argument orders."""
    order = Order(**json.loads(sys.argv[1]))
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise SystemExit("expected one thread before the first fork, got more")
    # A connection that is left to the collector must not seem closed.
    gc.disable()
    if order.plant is not None:
        plant(order.plant)
    found = Path(order.folder).with_name("found")
    try:
        for trial in trials(order):
            sys.stdout.write(json.dumps(asdict(trial)) + "\n")
            if order.plant is not None and trial.problems:
                found.touch()
            if found.exists():
                break
    except BenchmarkFailed as error:
        sys.stdout.write(json.dumps(asdict(Trial((), 0, (("unopenable", str(error)),)))) + "\n")


def trials(order: Order) -> Iterator[Trial]:
    """Yield the trials as they are done; raise BenchmarkFailed when the work fails without an attack."""
    folder = Path(order.folder)
    expected = uninterrupted(folder / "expected")
    made = 0
    for schedule in _schedules(order, folder / "measured"):
        for attacks in islice(schedule, order.lane, None, order.lanes):
            trial = run_trial(folder / "store", attacks, expected)
            # One that failed by itself counts too, or a broken product would be tried for ever.
            made += max(len(trial.hit), bool(trial.problems))
            if order.schedule != RANDOM and not (trial.hit or trial.problems):
                if order.schedule == MOMENTS:
                    raise BenchmarkFailed(f"expected a writer to be killed by {attacks}, but it came to its end")
                break
            yield trial
            if order.schedule == RANDOM and made >= order.kills:
                break


def _schedules(order: Order, folder: Path) -> list[Iterator[list[Attack]]]:
    generator = np.random.default_rng(order.seed)
    if order.schedule == RANDOM:
        return [at_random(folder, generator)]
    if order.schedule == MOMENTS:
        return [at_moments(folder, generator)]
    return [at_system_calls(call, generator, order.plant) for call in order.calls]


if __name__ == "__main__":
    main()
