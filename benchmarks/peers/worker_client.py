"""The client of a peer's processes: starts them, sends tasks and reads answers."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, Any, cast

from benchmarks.errors import PeerFailed
from benchmarks.peers.worker import DONE, PERSISTENT, STARTED

#: Environment variables from which the peers' libraries take their number of threads.
_THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS", "LANCE_CPU_THREADS"),
)

#: Seconds that a library may take to import.
_IMPORT_TIMEOUT = 180.0


class WorkerClient:
    """A peer in another process, which `restart` replaces; use it in a `with` statement."""

    def __init__(self, name: str, threads: int, *, persistent: bool = False, wrapper: Sequence[str] = ()) -> None:
        """Start the process, under a wrapper command such as strace; `wait_until_ready` waits until it is imported."""
        self.name = name
        command = [sys.executable, "-m", "benchmarks.peers.worker", name, str(threads), *[PERSISTENT] * persistent]
        self._child: int | None = None
        self._buffer = b""
        self._process = subprocess.Popen(  # noqa: S603 - it runs a part of this very program
            [*wrapper, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=os.environ | dict.fromkeys(_THREAD_VARIABLES, str(threads)) | {"PYTHONWARNINGS": "ignore"},
        )
        # Popen's type allows None, which a pipe never is.
        self._input = cast(IO[bytes], self._process.stdin)
        self._output = cast(IO[bytes], self._process.stdout)

    def wait_until_ready(self) -> None:
        """Wait until the library is imported; raise PeerFailed when it cannot be."""
        outcome, value = self._read_line(_IMPORT_TIMEOUT)
        if outcome != STARTED:
            raise PeerFailed(f"expected {self.name} to start, got {outcome} {value}")
        self._child = int(value)

    def send(self, task: str, *arguments: Any) -> None:
        """Send a task without waiting for its answer."""
        try:
            self._input.write(json.dumps([task, arguments]).encode() + b"\n")
        except BrokenPipeError:
            raise PeerFailed(f"{self.name} ended by itself") from None

    def receive(self, timeout: float | None = None) -> Any:
        """Return the answer to the last task; raise PeerFailed when it failed, timed out (s), or the process ended."""
        outcome, value = self._read_line(timeout)
        if outcome == STARTED:
            self._child = int(value)
            raise PeerFailed(f"{self.name} was killed")
        if outcome != DONE:
            raise PeerFailed(" ".join(str(value).split()))
        return value

    def call(self, task: str, *arguments: Any, timeout: float | None = None) -> Any:
        """Send a task and return its answer."""
        self.send(task, *arguments)
        return self.receive(timeout)

    def restart(self) -> list[tuple[str, Any]]:
        """Kill the process (SIGKILL) and wait for the next one; return the answers that the old one still sent."""
        if self._child is not None:
            os.kill(self._child, signal.SIGKILL)
        answers = []
        while (line := self._read_line(_IMPORT_TIMEOUT))[0] != STARTED:
            answers.append(line)
        self._child = int(line[1])
        return answers

    def _read_line(self, timeout: float | None) -> tuple[str, Any]:
        # Two lines may arrive at once, and `select` does not see what a file object has buffered.
        while b"\n" not in self._buffer:
            if timeout is not None and not select.select([self._output], [], [], timeout)[0]:
                raise PeerFailed(f"{self.name} did not answer within {timeout:.0f} s")
            chunk = os.read(self._output.fileno(), 65_536)
            if not chunk:
                raise PeerFailed(f"{self.name} ended by itself")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        outcome, value = json.loads(line)
        return outcome, value

    def __enter__(self) -> "WorkerClient":
        return self

    def __exit__(self, *_: object) -> None:
        """End the parent first, which would otherwise start another child, then the child."""
        self._process.kill()
        self._process.wait()
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
        self._output.close()
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
