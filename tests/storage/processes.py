"""Other processes that use a store concurrently."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


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


#: Opens a store for writing, prints a line, and keeps it open until standard input ends.
WRITER = """
import sys
from storage import Store
with Store.open(sys.argv[1], writing=True):
    print("open", flush=True)
    sys.stdin.read()
"""
