"""A forked child process that sends lines to its parent and can be killed at any moment."""

import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from functools import partial

from benchmarks.durability.writer import RunResult, write_line
from benchmarks.errors import BenchmarkFailed

#: How long a child may be silent before it counts as hung, in seconds.
SILENT_SECONDS = 60.0

#: Sends one line of text to the parent.
Send = Callable[[str], None]


class Child:
    """A forked process that runs `work`; the lines that it sends, and their times of arrival, are in `lines`, `times`.

    Fork only from a process with one thread: a lock that another thread held would stay locked in the child.
    """

    def __init__(self, work: Callable[[Send], object]) -> None:
        self.lines: list[str] = []
        self.times: list[float] = []
        self._incomplete_line = b""
        self._pipe, writing = os.pipe()
        self.started = time.perf_counter()
        self.pid = os.fork()
        if self.pid == 0:
            _run_and_exit(work, self._pipe, writing)
        os.close(writing)

    def wait_for(self, line: str) -> None:
        """Wait until the child sends this line or ends."""
        while line not in self.lines and self._receive():
            pass

    def kill(self) -> None:
        """Kill the child now."""
        os.kill(self.pid, signal.SIGKILL)

    def result(self) -> RunResult:
        """Wait until the child ends and return its exit status and lines; one that hangs is ended with SIGABRT."""
        while self._receive():
            pass
        os.close(self._pipe)
        _, status = os.waitpid(self.pid, 0)
        return RunResult(os.waitstatus_to_exitcode(status), "\n".join(self.lines))

    def _receive(self) -> bool:
        """Read what the child sends next; return False when it has ended."""
        if not select.select([self._pipe], [], [], SILENT_SECONDS)[0]:
            self.lines.append(f"it hung for {SILENT_SECONDS:.0f} s")
            os.kill(self.pid, signal.SIGABRT)
            return False
        data = os.read(self._pipe, 65_536)
        *lines, self._incomplete_line = (self._incomplete_line + data).split(b"\n")
        self.lines += [line.decode() for line in lines]
        self.times += [time.perf_counter()] * len(lines)
        return bool(data)


def run_unharmed(work: Callable[[Send], object]) -> Child:
    """Run work in a child to its end and return the child; raise BenchmarkFailed when it fails."""
    child = Child(work)
    if child.result().status != 0:
        raise BenchmarkFailed(f"expected the work to be done when nothing kills it, got {child.lines}")
    return child


def _run_and_exit(work: Callable[[Send], object], reading: int, writing: int) -> None:
    """Run the child's work and end the process; the parent's code never continues in the child."""
    status = 1
    try:
        os.close(reading)
        work(partial(write_line, writing))
        status = 0
    except BaseException as error:
        write_line(writing, "".join(traceback.format_exception_only(error)).strip())
    finally:
        os._exit(status)
