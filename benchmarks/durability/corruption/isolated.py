"""Run trials in a child process, so that a crash, a hang or a hunger for memory is counted and ends nothing."""

import multiprocessing
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.errors import BenchmarkFailed

#: How long one trial may take before it counts as hanging.
LIMIT_SECONDS = 60.0

#: How long a child may take until it can begin.
SETUP_SECONDS = 600.0

#: What a child says then.
_READY = "ready"

#: How much address space a child may take beyond what it has once it is set up.
MEMORY = 512 * 2**20


@dataclass(frozen=True)
class Trial:
    """What became of one damage; `memory` is the most that the process has taken so far, in bytes."""

    kind: str
    outcome: str
    note: str = ""
    memory: int = 0


#: What a child makes once: the function that runs the trial of a number and says what became of it.
Setup = Callable[[Path], Callable[[int], Trial]]


def run_apart(setup: Setup, kind_of: Callable[[int], str], folder: Path, count: int) -> Iterator[Trial]:
    """Yield what became of trials 0 to count - 1, in order; `setup` must be importable by name.

    After a crash or a hang a new child goes on with the trial after it; `kind_of` tells what the lost one was.
    """
    # A fork would inherit FAISS's threads, and hang in them.
    context = multiprocessing.get_context("spawn")
    number = 0
    while number < count:
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=_serve, args=(setup, folder, number, count, theirs), daemon=True)
        child.start()
        theirs.close()
        try:
            if _received(ours, SETUP_SECONDS) != _READY:
                raise BenchmarkFailed("expected a child process to make a store and damage it, but it ended or hung")
            ended = False
            while number < count and not ended:
                outcome = _received(ours, LIMIT_SECONDS)
                ended = isinstance(outcome, str)
                yield outcome if isinstance(outcome, Trial) else Trial(kind_of(number), outcome, f"damage {number}")
                number += 1
        finally:
            child.kill()
            child.join()
            ours.close()


def _received(results: Connection, seconds: float) -> Trial | str:
    """Return what a child has sent, or how it has ended instead."""
    if not results.poll(seconds):
        return "hung"
    try:
        sent = results.recv()
    except EOFError:
        return "crashed"
    return sent if isinstance(sent, Trial) else str(sent)


def _serve(setup: Setup, folder: Path, first: int, count: int, results: Connection) -> None:
    trial = setup(folder)
    limit_memory(MEMORY)
    results.send(_READY)
    for number in range(first, count):
        results.send(trial(number))


def limit_memory(more: int) -> None:
    """Let this process take so many bytes of address space more than it has now, and no core files."""
    taken = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + more, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def memory_taken() -> int:
    """Return the most memory that this process has taken so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
