"""Run trials in a child process, so that a crash, a hang or a memory blow-up is counted instead of ending the run."""

import multiprocessing
import resource
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.errors import BenchmarkFailed

#: How long a trial may take before it counts as hung.
TRIAL_SECONDS = 60.0

#: How long a child may take to set up.
SETUP_SECONDS = 600.0

#: What a child sends when it is set up.
_READY = "ready"

#: How much a child's address space may grow once it is set up, in bytes.
MEMORY = 512 * 2**20

#: An outcome that `corruption_report` names, and a note about it.
Outcome = tuple[str, str]

#: Runs the trial of a number.
RunTrial = Callable[[int], Outcome]

#: Prepares a folder, once in each child, and returns what runs a trial in it.
MakeTrials = Callable[[Path], RunTrial]


@dataclass(frozen=True)
class CorruptionTrial:
    """The outcome of one corruption; `memory` is the peak memory of its process so far, in bytes; 0 if it ended."""

    kind: str
    outcome: str
    note: str
    memory: int = 0


def run_isolated(
    make_trials: MakeTrials,
    kind_of: Callable[[int], str],
    folder: Path,
    count: int,
    *,
    trial_seconds: float = TRIAL_SECONDS,
) -> Iterator[CorruptionTrial]:
    """Yield the results of trials 0 to count - 1, in order; `make_trials` must be importable by name.

    `kind_of` returns the kind of corruption of a number. After a crash or a hang a new child starts at the next trial.
    """
    first = 0
    while first < count:
        with closing(Worker(_run_trials, make_trials, folder, first, count)) as worker:
            if worker.receive(SETUP_SECONDS) != _READY:
                raise BenchmarkFailed("expected a child process to make a store and corrupt it, but it ended or hung")
            for number in range(first, count):
                first = number + 1
                result = worker.receive(trial_seconds)
                if not isinstance(result, tuple):
                    yield CorruptionTrial(kind_of(number), str(result), f"corruption {number}")
                    break
                outcome, note, memory = result
                yield CorruptionTrial(kind_of(number), outcome, f"corruption {number}: {note}", memory)


class Worker:
    """A new process that runs `serve`, called with these arguments and its end of a pipe."""

    def __init__(self, serve: Callable[..., None], *args: object) -> None:
        # A forked process would inherit FAISS's threads, and hang in them.
        context = multiprocessing.get_context("spawn")
        self.pipe, worker_end = context.Pipe()
        self._process = context.Process(target=serve, args=(*args, worker_end), daemon=True)
        self._process.start()
        worker_end.close()

    def receive(self, seconds: float) -> object:
        """Return what the process sends next; "hung" when it sends nothing in time, "crashed" when it ended."""
        try:
            return self.pipe.recv() if self.pipe.poll(seconds) else "hung"
        except EOFError:
            return "crashed"

    def close(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _run_trials(make_trials: MakeTrials, folder: Path, first: int, count: int, results: Connection) -> None:
    run_trial = make_trials(folder)
    limit_memory(MEMORY)
    results.send(_READY)
    for number in range(first, count):
        outcome, note = run_trial(number)
        results.send((outcome, note, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))


def limit_memory(additional: int) -> None:
    """Limit the address space of this process to its present size and `additional` bytes; write no core files."""
    present = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (present + additional, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
