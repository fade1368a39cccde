"""Python in other processes, started in the repository."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def run_python(*args: object) -> subprocess.CompletedProcess[str]:
    """Run Python with arguments, for at most 5 minutes, and return its exit status and what it printed."""
    command = [sys.executable, *(str(arg) for arg in args)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=300)


def printed_by(code: str) -> str:
    """Return what code prints in a new process that must succeed."""
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def python(code: str, *args: object) -> Iterator["subprocess.Popen[str]"]:
    """Run code in another process; yield it once it has printed a line, and kill it afterwards."""
    command = [sys.executable, "-c", code, *(str(arg) for arg in args)]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            if process.stdout is None or process.stderr is None or not process.stdout.readline():
                raise AssertionError(f"the other process ended: {process.stderr and process.stderr.read()}")
            yield process
        finally:
            process.kill()
