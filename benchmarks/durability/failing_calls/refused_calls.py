"""Make a system call by which a writer writes its store fail, once or from then on, and see how the writer ends."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.durability.tracing.operations import Create, Link, MakeFolder, Rename
from benchmarks.durability.tracing.strace import run_writer
from benchmarks.durability.tracing.system_calls import record
from benchmarks.durability.writer import STORE, Job, Ran
from benchmarks.errors import BenchmarkFailed

#: The calls by which a store is written.
CALLS = ("openat", "mkdir", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "rename", "link", "unlink")

ERRORS = ("ENOSPC", "EIO")


@dataclass(frozen=True)
class Refusal:
    """The n-th call of a name on the store's files, from 1, fails; all later ones too when it is lasting."""

    call: str
    number: int
    error: str
    lasting: bool

    def __str__(self) -> str:
        return f"{self.error} at {self.call} {self.number}{' and all later ones' if self.lasting else ''}"


def files_of(job: Job, root: Path) -> list[str]:
    """Do a job below `root` and return every path, relative to it, that the writer gives a name or syncs."""
    paths = {".", STORE}
    for operation in record(job, root, {}):
        if isinstance(operation, Create | MakeFolder):
            paths.add(operation.path)
        elif isinstance(operation, Rename | Link):
            paths.add(operation.new)
    return sorted(paths)


def refusals_of(job: Job, root: Path, files: list[str], stride: int = 1, seed: int = 0) -> list[Refusal]:
    """Do a job below `root` and return all refusals that it can meet, or of each kind one in `stride`, at least one."""
    ran = run_writer(job, ["-e", f"trace={','.join(CALLS)}", *_only_on(files, root)])
    generator = np.random.default_rng(seed)
    refusals: list[Refusal] = []
    for call in CALLS:
        lines = re.findall(rf"^\d+ +{call}\(.*$", ran.log, re.MULTILINE)
        # To open a file that is there is not to write.
        places = [number for number, line in enumerate(lines, 1) if call != "openat" or "O_CREAT" in line]
        for error in ERRORS:
            for lasting in (False, True):
                first = int(generator.integers(min(stride, len(places)))) if places else 0
                refusals += [Refusal(call, number, error, lasting) for number in places[first::stride]]
    return refusals


def run_refused(job: Job, root: Path, files: list[str], refusal: Refusal) -> Ran:
    """Do a job below `root` while the system refuses a call; raise BenchmarkFailed when it came to no such call."""
    when = f"{refusal.number}+" if refusal.lasting else str(refusal.number)
    inject = f"inject={refusal.call}:error={refusal.error}:when={when}"
    ran = run_writer(job, ["-e", f"trace={refusal.call}", "-e", inject, *_only_on(files, root)])
    if "(INJECTED)" not in ran.log:
        raise BenchmarkFailed(f"expected {refusal}, got a run that came to no such call")
    return ran


def _only_on(files: list[str], root: Path) -> list[str]:
    """Return strace's options by which it sees calls on these files alone, so that none of Python's own count."""
    return [part for file in files for part in ("-P", str(root / file))]
