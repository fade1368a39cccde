"""Run trials in a child process, so that a crash, a hang or a memory blow-up is counted instead of ending the run."""

import multiprocessing
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.errors import BenchmarkFailed

#: How long one trial may take before it counts as hung.
TRIAL_SECONDS = 60.0

#: How long a child may take to set up.
SETUP_SECONDS = 600.0

#: What a child sends when it is set up.
_READY = "ready"

#: How much address space a child may take beyond what it has once it is set up.
MEMORY = 512 * 2**20


@dataclass(frozen=True)
class CorruptionTrial:
    """The outcome of one corruption; `memory` is the peak memory of the process so far, in bytes."""

    kind: str
    outcome: str
    note: str = ""
    memory: int = 0


#: Runs the trial of a number.
RunTrial = Callable[[int], CorruptionTrial]

#: Prepares a folder once in each child.
MakeTrials = Callable[[Path], RunTrial]


def run_isolated(
    make_trials: MakeTrials,
    kind_of: Callable[[int], str],
    folder: Path,
    count: int,
    *,
    trial_seconds: float = TRIAL_SECONDS,
) -> Iterator[CorruptionTrial]:
    """Yield the results of trials 0 to count - 1, in order; `make_trials` must be importable by name.

    After a crash or a hang a new child starts at the next trial; the kind of the lost one is `kind_of` its number.
    """
    # A forked child would inherit FAISS's threads, and hang in them.
    context = multiprocessing.get_context("spawn")
    number = 0
    while number < count:
        results, results_end = context.Pipe(duplex=False)
        args = (make_trials, folder, number, count, results_end)
        child = context.Process(target=_run_trials, args=args, daemon=True)
        child.start()
        results_end.close()
        try:
            if _receive(results, SETUP_SECONDS) != _READY:
                raise BenchmarkFailed("expected a child process to make a store and corrupt it, but it ended or hung")
            ended = False
            while number < count and not ended:
                result = _receive(results, trial_seconds)
                if ended := isinstance(result, str):
                    yield CorruptionTrial(kind_of(number), result, f"corruption {number}")
                else:
                    yield result
                number += 1
        finally:
            child.kill()
            child.join()
            results.close()


def _receive(results: Connection, seconds: float) -> CorruptionTrial | str:
    """Return what a child has sent, or how it has ended instead."""
    if not results.poll(seconds):
        return "hung"
    try:
        result = results.recv()
    except EOFError:
        return "crashed"
    return result if isinstance(result, CorruptionTrial) else str(result)


def _run_trials(make_trials: MakeTrials, folder: Path, first: int, count: int, results: Connection) -> None:
    run_trial = make_trials(folder)
    limit_memory(MEMORY)
    results.send(_READY)
    for number in range(first, count):
        results.send(run_trial(number))


def limit_memory(more: int) -> None:
    """Let this process take so many bytes of address space more than it has now, and write no core files."""
    taken = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + more, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def peak_memory() -> int:
    """Return the peak memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
