"""Run a writer in a process of its own under strace, which records its system calls or makes them fail.

The process is forked from a server that has imported everything already, and strace attaches before it begins: no call
of Python's own start is recorded or counted. See strace(1) for the options.
"""

import contextlib
import ctypes
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.durability.processes import fork_context
from benchmarks.durability.writer import WRITER_SECONDS, Job, RunResult, write, write_line
from benchmarks.errors import BenchmarkFailed

#: prctl's "PR_SET_PTRACER" and its "any process".
_SET_TRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)


@functools.cache
def unavailable() -> str | None:
    """Return why system calls cannot be traced on this machine, or None when they can be."""
    if shutil.which("strace") is None:
        return "strace is not installed: apt-get install strace"
    try:
        with tempfile.TemporaryDirectory() as folder:
            result = run_traced(Job(Path(folder, "nothing"), reading=True), ["-e", "trace=writev"])
    except OSError as error:
        return str(error)
    return None if "writev(" in result.log else "strace ran, but saw no system call"


def run_traced(job: Job, options: Sequence[str]) -> RunResult:
    """Do a writer's job in a process under strace with these options, to its end or until it hangs.

    Raise OSError when strace cannot attach to a process.
    """
    context = fork_context()
    output, output_end = context.Pipe(duplex=False)
    start_end, start = context.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        log, errors = Path(folder, "log"), Path(folder, "errors")
        child = context.Process(target=_run_child, args=(job, output_end, start_end, errors))
        child.start()
        output_end.close()
        start_end.close()
        # The child has prepared itself before it is traced, or has died, which strace reports.
        with contextlib.suppress(EOFError):
            start.recv()
        command = ["strace", "-f", "-xx", "-s", str(1 << 26), "-o", str(log), *options, "-p", str(child.pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
            first_line = tracer.stderr.readline() if tracer.stderr else ""
            if "attached" not in first_line:
                exit_code = child.exitcode
                child.kill()
                child.join()
                if exit_code is not None:
                    raise BenchmarkFailed(f"expected a process to wait for strace, got one that ended with {exit_code}")
                raise OSError(f"strace cannot attach to a process: {first_line.strip()}")
            start.send(None)
            child.join(WRITER_SECONDS)
            status = child.exitcode
            if status is None:
                child.kill()
                child.join()
        with output, open(output.fileno(), closefd=False) as pipe:
            lines = pipe.read()
        start.close()
        return RunResult(status, lines, errors.read_text(), log.read_text())


def _run_child(job: Job, output: Connection, start: Connection, errors: Path) -> None:
    ctypes.CDLL(None).prctl(_SET_TRACER, _ANY, 0, 0, 0)
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT, 0o600), 2)
    start.send(None)
    start.recv()
    write(job, partial(write_line, output.fileno()))
