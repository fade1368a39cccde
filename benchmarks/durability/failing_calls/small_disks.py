"""Give a writer a disk too small for its work: a real one in memory or, where none can be mounted, files that are."""

import functools
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.durability.tracing.strace import PATIENCE
from benchmarks.durability.writer import Job, Ran

#: Mounts a disk of $1 kB at $2, runs the rest of the arguments, and copies what is on the disk to $3. The disk is in
#: a name space of its own and goes with the shell.
_ON_A_DISK = """
mount -t tmpfs -o "size=$1k" tmpfs "$2" || exit 99
disk="$2"; kept="$3"; shift 3
"$@"; status=$?
cp -r "$disk/." "$kept" && exit $status
"""


@functools.cache
def no_mounting() -> str | None:
    """Tell why no small disk can be mounted on this machine, or return None when one can be."""
    with tempfile.TemporaryDirectory() as disk, tempfile.TemporaryDirectory() as kept:
        try:
            ran = subprocess.run(_on_a_disk(64, disk, kept, ["true"]), capture_output=True, text=True, check=False)
        except OSError as error:
            return str(error)
    return " ".join(ran.stderr.split()) or f"mount ended with {ran.returncode}" if ran.returncode else None


def run_on_small_disk(job: Job, kilobytes: int) -> Ran:
    """Do a job on a mounted disk of this size, and leave what is on it beside the job's folder then."""
    with tempfile.TemporaryDirectory() as disk:
        there = replace(job, folder=Path(disk, job.folder.name))
        return _run(_on_a_disk(kilobytes, disk, str(job.folder.parent), _writer(there)))


def run_with_small_files(job: Job, kilobytes: int) -> Ran:
    """Do a job where no file may grow beyond this size."""
    return _run(_writer(replace(job, largest_file=kilobytes * 1024)))


def _on_a_disk(kilobytes: int, disk: str, kept: str, command: list[str]) -> list[str]:
    return ["unshare", "-rm", "sh", "-c", _ON_A_DISK, "sh", str(kilobytes), disk, kept, *command]


def _writer(job: Job) -> list[str]:
    """Return the command that does a job."""
    command = [sys.executable, "-m", "benchmarks.durability.writer", str(job.folder), "--seed", str(job.seed)]
    if job.plant is not None:
        command += ["--plant", job.plant]
    return command if job.largest_file is None else [*command, "--largest-file", str(job.largest_file)]


def _run(command: list[str]) -> Ran:
    """Run a command that runs a writer, with the modules of this process."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return Ran(None, "", "")
    return Ran(ran.returncode, ran.stdout, ran.stderr)
