"""A process with one thread that has imported everything, and forks the writers that are killed.

`python -m benchmarks.durability.crashes.fork_server FOLDER ORDER` takes an order as JSON, runs its trials in the
folder, and prints a line of JSON for each. `crash_report.py` starts it.
"""

import gc
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

import benchmarks.durability.preloaded  # noqa: F401 -- for the writers and judges that are forked
from benchmarks.durability.crashes.attacks import Attack
from benchmarks.durability.crashes.crash_trial import CrashTrial, digests_without_crash, run_trial
from benchmarks.durability.crashes.schedules import after_drops, at_crash_points, at_random, at_system_calls
from benchmarks.durability.findings import Finding, Kind
from benchmarks.durability.processes import Setup, run_setup
from benchmarks.errors import BenchmarkFailed

#: Kinds of schedules.
RANDOM, CRASH_POINTS, DROPS, SYSTEM_CALLS = "random", "crash points", "drops", "system calls"


@dataclass(frozen=True)
class Order:
    """What one of several servers does: every `stride`-th trial of a schedule, from number `first` on.

    A random schedule ends after `kills`; that of each of the system `calls` when a writer came to its end. Of the crash
    points, those of the named `steps` are taken, or all. `setup` is called first. With a setup, all servers stop at the
    first finding: a file beside their folders announces it.
    """

    schedule: str
    seed: int
    first: int
    stride: int
    kills: int = 0
    calls: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    setup: Setup = ()


def main() -> None:
    """Run the trials that the argument orders."""
    folder, order = Path(sys.argv[1]), Order(**json.loads(sys.argv[2]))
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise SystemExit("expected one thread before the first fork, got more")
    # A connection that only the collector closes must not seem closed.
    gc.disable()
    run_setup(order.setup)
    stop = folder.with_name("stop")
    try:
        for trial in _trials(order, folder):
            sys.stdout.write(trial.to_json() + "\n")
            if order.setup and trial.findings:
                stop.touch()
            if stop.exists():
                break
    except BenchmarkFailed as error:
        sys.stdout.write(CrashTrial([], [Finding(Kind.UNOPENABLE, str(error))]).to_json() + "\n")


def _trials(order: Order, folder: Path) -> Iterator[CrashTrial]:
    """Yield the trials as they are done; raise BenchmarkFailed when the work fails without an attack."""
    expected = digests_without_crash()
    kills = 0
    for schedule in _schedules(order, folder / "measured"):
        for attacks in islice(schedule, order.first, None, order.stride):
            trial = run_trial(folder / "store", attacks, expected)
            # A trial that failed by itself counts too, or a broken product would be tried for ever.
            kills += max(len(trial.killed_in), bool(trial.findings))
            if order.schedule != RANDOM and not (trial.killed_in or trial.findings):
                if order.schedule in (CRASH_POINTS, DROPS):
                    raise BenchmarkFailed(f"expected a writer to be killed by {attacks}, but it came to its end")
                break
            yield trial
            if order.schedule == RANDOM and kills >= order.kills:
                break


def _schedules(order: Order, folder: Path) -> list[Iterator[list[Attack]]]:
    generator = np.random.default_rng(order.seed)
    if order.schedule == RANDOM:
        return [at_random(folder, generator)]
    if order.schedule == CRASH_POINTS:
        return [at_crash_points(folder, generator, order.steps)]
    if order.schedule == DROPS:
        return [after_drops(folder, generator)]
    return [at_system_calls(call, generator, order.setup) for call in order.calls]


if __name__ == "__main__":
    main()
