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

#: Seconds within which a server that runs must answer a test that begins.
_ANSWER_TIMEOUT_S = 60.0

#: Bytes of a log that are shown.
_LOG_END = 8000


class ServerNotStarted(Exception):
    """A server's process ended, or did not become ready in time."""


class Process:
    """A server's process in a session of its own, so that it can be killed with all its children."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        try_ready: Callable[[], object],
        try_answer: Callable[[], object],
        timeout: float,
        **options: Any,
    ) -> None:
        """Take a command with options of Popen, and the seconds within which a start must succeed.

        `try_answer` asks the least that shows that the server runs, `try_ready` uses all that tests use; either raises.
        """
        self._command = command
        self._log = log
        self._try_ready = try_ready
        self._try_answer = try_answer
        self._timeout = timeout
        self._options = options
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers; raise ServerNotStarted with the end of its log."""
        with self._log.open("ab") as log:
            output: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            try:
                self._running = subprocess.Popen(self._command, start_new_session=True, **output, **self._options)
            except OSError as error:
                raise ServerNotStarted(f"{self._command[0]} cannot be run: {error}") from error
        self._require(self._try_answer)

    def require_ready(self) -> None:
        """Wait until the server does all that tests ask of it; raise ServerNotStarted with the end of its log."""
        self._require(self._try_ready)

    def answers(self) -> bool:
        """Return whether the server runs and answers."""
        return self._running is not None and self._wait(self._try_answer, _ANSWER_TIMEOUT_S) is None

    def kill(self) -> None:
        """Kill the server with all its children, if it runs."""
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait()
            self._running = None

    def log_end(self) -> str:
        """Return the last lines of the log."""
        return self._log.read_bytes()[-_LOG_END:].decode(errors="replace")

    def _require(self, attempt: Callable[[], object]) -> None:
        if reason := self._wait(attempt, self._timeout):
            self.kill()
            raise ServerNotStarted(f"{Path(self._command[0]).name} did not start: {reason}\n{self.log_end()}")

    def _wait(self, attempt: Callable[[], object], timeout: float) -> str | None:
        """Return None once an attempt succeeds, and why none did when the process ends or the time is over."""
        end = time.monotonic() + timeout
        while True:
            try:
                attempt()
            except Exception as error:
                failure = f"{type(error).__name__}: {error}"
            else:
                return None
            if self._running is None or self._running.poll() is not None:
                return f"it ended with status {self._running and self._running.returncode}"
            if time.monotonic() > end:
                return f"it was not ready after {timeout:.0f} s, the last attempt failed by {failure}"
            time.sleep(0.05)


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
