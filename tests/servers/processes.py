"""Start a server's process, kill it as in a crash, and start it again."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


class Process:
    """A server's process in a session of its own, so that it can be killed with all its children."""

    def __init__(
        self, command: Sequence[str | Path], log: Path, answers: Callable[[], bool], timeout: float, **options: Any
    ) -> None:
        """Take a command with options of Popen, and the seconds within which `answers` must return True."""
        self._command = command
        self._log = log
        self._answers = answers
        self._timeout = timeout
        self._options = options
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self._options
            )
        end = time.monotonic() + self._timeout
        while not self._answers():
            if self._running.poll() is not None or time.monotonic() > end:
                self.kill()
                raise RuntimeError(f"{self._command[0]} did not start: {self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def use_command(self, command: Sequence[str | Path], **options: Any) -> None:
        """Set the command of the next start."""
        self._command, self._options = command, options

    def kill(self) -> None:
        """Kill the server with all its children, if it runs."""
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
