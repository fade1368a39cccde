"""Start a server's process, kill it as a crash would, and start it again."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar


class HasProcess(Protocol):
    """A server with its process."""

    process: "Process"


S = TypeVar("S", bound=HasProcess)


@contextlib.contextmanager
def running_in(folder: Path, start: Callable[[Path], S]) -> Iterator[S]:
    """Start a server in a folder; kill it and remove the folder afterwards."""
    server = None
    try:
        server = start(folder)
        yield server
    finally:
        if server is not None:
            server.process.kill()
        shutil.rmtree(folder, ignore_errors=True)


class Process:
    """A server's process in a session of its own, so that it can be killed with all its children."""

    def __init__(
        self, command: Sequence[str | Path], log: Path, answers: Callable[[], bool], seconds: float, **options: Any
    ) -> None:
        self._command = command
        self._log = log
        self._answers = answers
        self._seconds = seconds
        self._options: Mapping[str, Any] = options
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self._options
            )
        end = time.monotonic() + self._seconds
        while not self._answers():
            if self._running.poll() is not None or time.monotonic() > end:
                self.kill()
                raise RuntimeError(f"{self._command[0]} did not start: {self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def use_command(self, command: Sequence[str | Path], **options: Any) -> None:
        """Start the server by another command from now on."""
        self._command, self._options = command, options

    def kill(self) -> None:
        """Kill the server and all its children at once; harmless when it is dead."""
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait()
            self._running = None


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
