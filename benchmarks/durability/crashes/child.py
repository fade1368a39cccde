"""A forked child process that sends lines to its parent and can be killed at any moment."""

import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from enum import Enum

from benchmarks.errors import BenchmarkFailed

#: How long a child may be silent before it counts as hung, in seconds.
PATIENCE = 60.0

#: Sends one line of text to the parent.
Send = Callable[[str], None]


class End(Enum):
    """How a child ended: its work was done, it was killed with SIGKILL, or it failed by itself."""

    DONE = "done"
    KILLED = "killed"
    FAILED = "failed"


class Child:
    """A forked process that runs `work`; the lines that it sends, and their times of arrival, are in `lines`, `times`.

    Fork only from a process with one thread: a lock that another thread held would stay locked in the child.
    """

    def __init__(self, work: Callable[[Send], None]) -> None:
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

    def kill(self) -> End:
        """Kill the child now, read all that it sent, and return how it ended."""
        os.kill(self.pid, signal.SIGKILL)
        return self.end()

    def end(self) -> End:
        """Wait until the child ends and return how; one that hangs is ended with SIGABRT and has failed."""
        while self._receive():
            pass
        os.close(self._pipe)
        _, status = os.waitpid(self.pid, 0)
        if status == 0:
            return End.DONE
        return End.KILLED if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else End.FAILED

    def _receive(self) -> bool:
        """Read what the child sends next; return False when it has ended."""
        if not select.select([self._pipe], [], [], PATIENCE)[0]:
            self.lines.append(f"it hung for {PATIENCE:.0f} s")
            os.kill(self.pid, signal.SIGABRT)
            return False
        data = os.read(self._pipe, 65_536)
        *lines, self._incomplete_line = (self._incomplete_line + data).split(b"\n")
        self.lines += [line.decode() for line in lines]
        self.times += [time.perf_counter()] * len(lines)
        return bool(data)


def run_unharmed(work: Callable[[Send], None]) -> Child:
    """Run work in a child to its end and return the child; raise BenchmarkFailed when it fails."""
    child = Child(work)
    if child.end() is not End.DONE:
        raise BenchmarkFailed(f"expected the work to be done when nothing kills it, got {child.lines}")
    return child


def _run_and_exit(work: Callable[[Send], None], reading: int, writing: int) -> None:
    """Run the child's work and end the process; the parent's code never continues in the child."""
    status = 1
    try:
        os.close(reading)
        work(lambda line: _write(writing, line))
        status = 0
    except BaseException as error:
        _write(writing, "".join(traceback.format_exception_only(error)).strip())
    finally:
        os._exit(status)


def _write(descriptor: int, line: str) -> None:
    unwritten = memoryview(line.replace("\n", " ").encode() + b"\n")
    while unwritten:
        unwritten = unwritten[os.write(descriptor, unwritten) :]
