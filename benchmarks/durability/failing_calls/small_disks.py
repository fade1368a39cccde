"""Run a writer on a disk too small for its work: one in memory or, where none can be mounted, with files limited."""

import functools
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.durability.processes import environment
from benchmarks.durability.writer import WRITER_SECONDS, Job, RunResult

#: Mounts a disk of $1 kB at $2, runs the remaining arguments, and copies what is on the disk to $3. The disk is in a
#: mount namespace of its own and is removed with the shell.
_ON_DISK = """
mount -t tmpfs -o "size=$1k" tmpfs "$2" || exit 99
disk="$2"; copy="$3"; shift 3
"$@"; status=$?
cp -r "$disk/." "$copy" && exit $status
"""


@functools.cache
def mounting_unavailable() -> str | None:
    """Return why no small disk can be mounted on this machine, or None when one can be."""
    with tempfile.TemporaryDirectory() as disk, tempfile.TemporaryDirectory() as copy:
        command = _command_on_disk(64, disk, copy, ["true"])
        try:
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            return str(error)
    if not result.returncode:
        return None
    return " ".join(result.stderr.split()) or f"mount ended with {result.returncode}"


@dataclass(frozen=True)
class SmallDisk:
    """A disk of `kilobytes` kB or, if it is not `mounted`, a limit of as much on the size of each file."""

    kilobytes: int
    mounted: bool

    def __str__(self) -> str:
        return f"{'a disk' if self.mounted else 'files'} of at most {self.kilobytes} kB"

    def run(self, job: Job) -> RunResult:
        """Do a job on the disk; afterwards, all that is on it is copied to the job's root."""
        if not self.mounted:
            return _run(replace(job, largest_file=self.kilobytes * 1024).command)
        with tempfile.TemporaryDirectory() as disk:
            on_disk = replace(job, folder=Path(disk, job.folder.name))
            return _run(_command_on_disk(self.kilobytes, disk, str(job.root), on_disk.command))


def _command_on_disk(kilobytes: int, disk: str, copy: str, command: list[str]) -> list[str]:
    return ["unshare", "-rm", "sh", "-c", _ON_DISK, "sh", str(kilobytes), disk, copy, *command]


def _run(command: list[str]) -> RunResult:
    try:
        result = subprocess.run(
            command, env=environment(), capture_output=True, text=True, timeout=WRITER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return RunResult(None, "", "")
    return RunResult(result.returncode, result.stdout, result.stderr)
