"""Make a system call by which a writer writes its store fail, once or from then on."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.durability.tracing.operations import Create, Link, MakeFolder, Rename
from benchmarks.durability.tracing.recording import record
from benchmarks.durability.tracing.strace import run_traced
from benchmarks.durability.writer import STORE, Job, RunResult
from benchmarks.errors import BenchmarkFailed

#: The calls by which a store is written.
CALLS = ("openat", "mkdir", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "rename", "link", "unlink", "rmdir")

ERRORS = ("ENOSPC", "EIO")


@dataclass(frozen=True)
class FailingCall:
    """The n-th call of a name on the store's files, from 1, fails; if `lasting`, all later ones too."""

    call: str
    number: int
    error: str
    lasting: bool

    def __str__(self) -> str:
        return f"{self.error} at {self.call} {self.number}{' and all later ones' if self.lasting else ''}"


def written_paths(job: Job) -> list[str]:
    """Do a job and return every path, relative to `job.root`, that the writer names or syncs."""
    paths = {".", STORE}
    for operation in record(job, {}):
        if isinstance(operation, Create | MakeFolder):
            paths.add(operation.path)
        elif isinstance(operation, Rename | Link):
            paths.add(operation.new)
    return sorted(paths)


def list_failing_calls(job: Job, paths: list[str], stride: int = 1, seed: int = 0) -> list[FailingCall]:
    """Do a job and return every way to make one of its calls fail.

    For each call, error and duration, only every `stride`-th is returned, from a random one on, and at least one.
    """
    result = run_traced(job, ["-e", f"trace={','.join(CALLS)}", *_only_on(paths, job.root)])
    generator = np.random.default_rng(seed)
    failing: list[FailingCall] = []
    for call in CALLS:
        lines = re.findall(rf"^\d+ +{call}\(.*$", result.log, re.MULTILINE)
        # Opening an existing file does not write.
        numbers = [number for number, line in enumerate(lines, 1) if call != "openat" or "O_CREAT" in line]
        for error in ERRORS:
            for lasting in (False, True):
                first = int(generator.integers(min(stride, len(numbers)))) if numbers else 0
                failing += [FailingCall(call, number, error, lasting) for number in numbers[first::stride]]
    return failing


def run_with_failing_call(job: Job, paths: list[str], failing: FailingCall) -> RunResult:
    """Do a job while a call fails; raise BenchmarkFailed when the job made no such call."""
    when = f"{failing.number}+" if failing.lasting else str(failing.number)
    inject = f"inject={failing.call}:error={failing.error}:when={when}"
    result = run_traced(job, ["-e", f"trace={failing.call}", "-e", inject, *_only_on(paths, job.root)])
    if "(INJECTED)" not in result.log:
        raise BenchmarkFailed(f"expected {failing}, got a run without such a call")
    return result


def _only_on(paths: list[str], root: Path) -> list[str]:
    """Return strace's options to trace only calls on these paths, and none on the files that Python itself reads."""
    return [option for path in paths for option in ("-P", str(root / path))]
