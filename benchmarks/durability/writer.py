"""A process that does the work and reports its progress: the durability tests start, trace and kill it.

It writes the line `ack N` after each step, and a last line that says how it ended: `done`, `refused` with one of our
own errors, or `broken` with any other.
"""

import json
import os
import re
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from benchmarks.durability.processes import Setup, run_setup
from benchmarks.durability.workload import stored_items, work
from storage import LookalikeError, Store
from storage.databases.sqlite_file import PRAGMAS

#: The name of the store's folder.
STORE = "store"

#: How long a writer may take before it counts as hung, in seconds.
WRITER_SECONDS = 120.0

#: A cache of so few pages that a batch spills into the catalog before its COMMIT, as a large batch does.
SMALL_CACHE = 10


@dataclass(frozen=True)
class Job:
    """The work on the store in a folder; with `reading`, only opening the store and reading all of it.

    `setup` is called first. `largest_file` limits the size of every file, in bytes. Without `closing` the store is
    dropped at the end, or by an error, and never closed.
    """

    folder: Path
    seed: int = 0
    setup: Setup = ()
    reading: bool = False
    small_cache: bool = False
    largest_file: int | None = None
    closing: bool = True

    @property
    def root(self) -> Path:
        """Return the folder whose files are traced, which holds that of the store."""
        return self.folder.parent

    @property
    def command(self) -> list[str]:
        """Return the command line that does this job, which it names as JSON."""
        return [sys.executable, "-m", "benchmarks.durability.writer", json.dumps(asdict(self), default=str)]


@dataclass(frozen=True)
class RunResult:
    """How a writer ended: `status` is its exit code, minus the number of the signal that ended it, or None if it hung.

    `output` are its lines, `errors` is what it wrote to standard error, `log` is strace's log, if it was traced.
    """

    status: int | None
    output: str
    errors: str = ""
    log: str = ""

    @property
    def killed(self) -> bool:
        """Return whether SIGKILL ended the writer."""
        return self.status == -signal.SIGKILL

    @property
    def done(self) -> bool:
        """Return whether the writer came to the end of its job."""
        return self.status == 0 and self.last_line == "done"

    @property
    def acknowledged(self) -> int:
        """Return the last step that was acknowledged, -1 for none."""
        return max((int(step) for step in re.findall(r"^ack (\d+)$", self.output, re.MULTILINE)), default=-1)

    @property
    def last_line(self) -> str:
        """Return the last line, which says how the writer ended."""
        return self.output.rstrip("\n").rpartition("\n")[2]


def write(job: Job, send: Callable[[str], None]) -> bool:
    """Do a job, send its progress in lines, and return whether it was done to its end."""
    run_setup(job.setup)
    if job.small_cache:
        PRAGMAS["cache_size"] = SMALL_CACHE
    if job.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.largest_file, job.largest_file))
    try:
        if job.reading:
            with Store.open(job.folder) as store:
                stored_items(store)
        else:
            work(job.folder, lambda step: send(f"ack {step}"), job.seed, closing=job.closing)
    except LookalikeError as error:
        send(f"refused {type(error).__name__}: {error}")
        return False
    except Exception as error:
        # Any other error that a user could meet is a finding.
        send(f"broken {type(error).__name__}: {error}")
        return False
    send("done")
    return True


def write_line(descriptor: int, line: str) -> None:
    """Write a line to a file descriptor, by `writev` since a test may make every `write` of this process fail."""
    os.writev(descriptor, [line.replace("\n", " ").encode() + b"\n"])


def parse_job(text: str) -> Job:
    """Return the job that the argument of its command names."""
    fields = json.loads(text)
    return Job(**fields | {"folder": Path(fields["folder"])})


def main() -> None:
    """Do a job as a command: exit 0 when it was done, 1 when it was not."""
    done = write(parse_job(sys.argv[1]), partial(write_line, sys.stdout.fileno()))
    sys.exit(0 if done else 1)


if __name__ == "__main__":
    main()
