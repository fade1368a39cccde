"""A child process that tells its parent how far it is, and that can be killed at any moment."""

import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from enum import Enum

#: How long a child may keep silent before it counts as hung, in seconds.
PATIENCE = 60.0

#: Sends one line of text to the parent.
Tell = Callable[[str], None]


class End(Enum):
    """How a child ended: its work was done, it was killed with SIGKILL, or it failed by itself."""

    DONE = "done"
    KILLED = "killed"
    FAILED = "failed"


class Child:
    """A forked process that runs `work` and can tell its parent lines of text, which are kept in `told`.

    Fork only from a process with one thread: a lock that another thread held would stay locked in the child.
    """

    def __init__(self, work: Callable[[Tell], None]) -> None:
        self.told: list[str] = []
        self.told_at: list[float] = []
        self._part = b""
        self._reading, writing = os.pipe()
        self.started = time.perf_counter()
        self.pid = os.fork()
        if self.pid == 0:
            _run_and_exit(work, self._reading, writing)
        os.close(writing)

    def wait_for(self, line: str) -> bool:
        """Wait until the child tells this line; return False when it ended before."""
        while line not in self.told:
            if not self._receive():
                return False
        return True

    def kill(self) -> End:
        """Kill the child now, take in all that it told, and return how it ended."""
        os.kill(self.pid, signal.SIGKILL)
        return self.end()

    def end(self) -> End:
        """Wait until the child ends and return how; one that hangs is ended with SIGABRT and has failed."""
        while self._receive():
            pass
        os.close(self._reading)
        _, status = os.waitpid(self.pid, 0)
        if status == 0:
            return End.DONE
        return End.KILLED if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else End.FAILED

    def _receive(self) -> bool:
        """Take in what the child tells next; return False when it has ended."""
        if not select.select([self._reading], [], [], PATIENCE)[0]:
            self.told.append(f"it hung for {PATIENCE:.0f} s")
            os.kill(self.pid, signal.SIGABRT)
            return False
        data = os.read(self._reading, 65_536)
        *lines, self._part = (self._part + data).split(b"\n")
        self.told += [line.decode() for line in lines]
        self.told_at += [time.perf_counter()] * len(lines)
        return bool(data)


def _run_and_exit(work: Callable[[Tell], None], reading: int, writing: int) -> None:
    """Run the child's work and end the process; the parent's code never goes on in the child."""
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
    left = memoryview(line.replace("\n", " ").encode() + b"\n")
    while left:
        left = left[os.write(descriptor, left) :]
