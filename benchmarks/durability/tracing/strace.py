"""Run a writer in a process of its own with strace on it, which records its system calls or makes some fail.

The process is forked from a server that has imported everything already, and strace is put on it before it begins:
no call of Python's own start is recorded or counted. See strace(1) for the options.
"""

import ctypes
import functools
import multiprocessing
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.durability.writer import Job, Ran, write
from benchmarks.errors import BenchmarkFailed

#: How long a writer may take before it counts as hung, in seconds.
PATIENCE = 120.0

#: prctl's "PR_SET_PTRACER" and its "any process".
_SET_TRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)

#: Children are forked from a process that has one thread and has imported all that a writer needs.
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(
    [
        "benchmarks.durability.blas_threads",
        "benchmarks.durability.judge",
        "benchmarks.durability.writer",
        "numpy.random",
    ]
)


@functools.cache
def unavailable() -> str | None:
    """Tell why system calls cannot be traced on this machine, or return None when they can be."""
    if shutil.which("strace") is None:
        return "strace is not installed: apt-get install strace"
    try:
        with tempfile.TemporaryDirectory() as folder:
            ran = run_writer(Job(Path(folder, "nothing"), reading=True), ["-e", "trace=writev"])
    except OSError as error:
        return str(error)
    return None if "writev(" in ran.log else "strace ran, but saw no system call"


def run_writer(job: Job, options: Sequence[str]) -> Ran:
    """Do a writer's job in a process with strace's options on it, to its end or until it hangs.

    Raise OSError when strace cannot be put on a process.
    """
    reader, telling = FORKED.Pipe(duplex=False)
    waiting, go = FORKED.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as notes:
        log, complaints = Path(notes, "log"), Path(notes, "complaints")
        child = FORKED.Process(target=_child, args=(job, telling, waiting, complaints))
        child.start()
        telling.close()
        waiting.close()
        command = ["strace", "-f", "-xx", "-s", str(1 << 26), "-o", str(log), *options, "-p", str(child.pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
            first = tracer.stderr.readline() if tracer.stderr else ""
            if "attached" not in first:
                ended = child.exitcode
                child.kill()
                child.join()
                if ended is not None:
                    raise BenchmarkFailed(f"expected a process to wait for strace, got one that ended with {ended}")
                raise OSError(f"strace cannot be put on a process: {first.strip()}")
            go.send(None)
            child.join(PATIENCE)
            status = child.exitcode
            if status is None:
                child.kill()
                child.join()
        said = _all_of(reader)
        go.close()
        return Ran(status, said, complaints.read_text(), log.read_text())


def _child(job: Job, telling: Connection, waiting: Connection, complaints: Path) -> None:
    ctypes.CDLL(None).prctl(_SET_TRACER, _ANY, 0, 0, 0)
    os.dup2(os.open(complaints, os.O_WRONLY | os.O_CREAT, 0o600), 2)
    waiting.recv()
    write(job, telling.fileno())


def _all_of(reader: Connection) -> str:
    told = b""
    while part := os.read(reader.fileno(), 65_536):
        told += part
    reader.close()
    return told.decode()
