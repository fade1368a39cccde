"""A process that does the work and says how far it came: what the tests of faults start, watch and stop.

It writes a line a step, `ack N`, and a last one that says how it ended: `done`, `refused` with one of our own errors,
or `broken` with any other.
"""

import argparse
import os
import re
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.durability.workload import held_by, work
from storage import LookalikeError, Store
from storage.databases.sqlite_file import PRAGMAS
from tests.durability.mutants import registry

#: The store's folder, below the one whose files are watched.
STORE = "store"

#: So few pages of cache that a batch spills into the catalog before its COMMIT, as a large one does.
SMALL_CACHE = 10


@dataclass(frozen=True)
class Job:
    """The work on the store in a folder: to its end or, with `reading`, only to open the store and read it all.

    `plant` names a bug to plant first, or several with "+" between them. `largest_file` is in bytes.
    """

    folder: Path
    seed: int = 0
    plant: str | None = None
    reading: bool = False
    small_cache: bool = False
    largest_file: int | None = None


@dataclass(frozen=True)
class Ran:
    """How a writer ended: `status` is its exit code, or minus the signal that ended it, or None when it hung.

    `said` is what it wrote as lines, `complaints` what it wrote to standard error, `log` what strace saw, if it was
    there.
    """

    status: int | None
    said: str
    complaints: str
    log: str = ""

    @property
    def acknowledged(self) -> int:
        """Return the last step that was acknowledged, -1 for none."""
        return max((int(step) for step in re.findall(r"^ack (\d+)$", self.said, re.MULTILINE)), default=-1)

    @property
    def outcome(self) -> str:
        """Return the last line."""
        return self.said.rstrip("\n").rpartition("\n")[2]


def write(job: Job, descriptor: int) -> bool:
    """Do a job, say on the descriptor how far it came, and tell whether it came to its end."""

    def say(line: str) -> None:
        # Not by `write`, which some tests make fail for ever: this line must get through all the same.
        os.writev(descriptor, [f"{line}\n".encode()])

    if job.plant is not None:
        plant_bugs(job.plant)
    if job.small_cache:
        PRAGMAS["cache_size"] = SMALL_CACHE
    if job.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.largest_file, job.largest_file))
    try:
        if job.reading:
            with Store.open(job.folder) as store:
                held_by(store)
        else:
            work(job.folder, lambda step: say(f"ack {step}"), job.seed)
    except LookalikeError as error:
        say(f"refused {type(error).__name__}: {error}")
        return False
    except Exception as error:
        # Whatever else a user could meet is a finding.
        say(f"broken {type(error).__name__}: {error}")
        return False
    say("done")
    return True


def plant_bugs(names: str) -> None:
    """Plant the bugs of these names, "+" between them, in this process for good."""
    for name in names.split("+"):
        registry.plant(name)


def main() -> None:
    """Do a job as a command: exit 0 when it was done, 1 when it was not."""
    parser = argparse.ArgumentParser(description="Do the work that the durability tests interrupt.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plant", help="a bug to plant first")
    parser.add_argument("--reading", action="store_true", help="only open the store and read it")
    parser.add_argument("--small-cache", action="store_true", help="let SQLite keep few pages in memory")
    parser.add_argument("--largest-file", type=int, help="the size in bytes that no file may exceed")
    done = write(Job(**vars(parser.parse_args())), sys.stdout.fileno())
    sys.exit(0 if done else 1)


if __name__ == "__main__":
    main()
