"""The other end of a peer's processes: starts them, tells them what to do, and reads what they say."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.errors import PeerFailed

#: Settings by which the peers' libraries take their number of threads.
THREAD_SETTINGS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS", "LANCE_CPU_THREADS"),
)


#: Seconds to wait for a library that is being imported.
IMPORTING = 180.0


class Remote:
    """A peer in a process of its own, which `renew` replaces; use it in a `with` statement."""

    def __init__(self, name: str, threads: int, *, keeping: bool = False, under: Sequence[str] = ()) -> None:
        """Start to import the library, `under` another program such as strace; `ready` waits for it."""
        self.name = name
        settings = dict.fromkeys(THREAD_SETTINGS, str(threads))
        command = [
            sys.executable,
            "-m",
            "benchmarks.peers.worker",
            name,
            str(threads),
            "keeping" if keeping else "plain",
        ]
        self._child: int | None = None
        self._heard = b""
        self._process = subprocess.Popen(  # noqa: S603 - it runs a part of this very program
            [*under, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=os.environ | settings | {"PYTHONWARNINGS": "ignore"},
        )

    def ready(self) -> None:
        """Wait until the library is imported; raise PeerFailed when it cannot be."""
        outcome, value = self._line(IMPORTING)
        if outcome != "born":
            raise PeerFailed(f"expected {self.name} to start, got {outcome} {value}")
        self._child = int(value)

    def tell(self, task: str, *arguments: Any) -> None:
        """Say what to do without waiting for it."""
        if self._process.stdin is None:
            raise PeerFailed(f"expected {self.name} to listen, got a process without input")
        try:
            self._process.stdin.write(json.dumps([task, arguments]).encode() + b"\n")
        except BrokenPipeError:
            raise PeerFailed(f"{self.name} ended by itself") from None

    def answer(self, patience: float | None = None) -> Any:
        """Wait for what was told last; raise PeerFailed when it failed, the process ended, or patience (s) did."""
        outcome, value = self._line(patience)
        if outcome != "done":
            self._child = value if outcome == "born" else self._child
            raise PeerFailed(f"{self.name} was killed" if outcome == "born" else " ".join(str(value).split()))
        return value

    def do(self, task: str, *arguments: Any, patience: float | None = None) -> Any:
        """Tell and wait."""
        self.tell(task, *arguments)
        return self.answer(patience)

    def renew(self) -> list[Any]:
        """Kill the process at once, as `kill -9` does, and go on with a new one; return what the old one still said."""
        if self._child is not None:
            os.kill(self._child, signal.SIGKILL)
        said = []
        while (line := self._line(IMPORTING))[0] != "born":
            said.append(line)
        self._child = int(line[1])
        return said

    def _line(self, patience: float | None) -> tuple[str, Any]:
        output = self._process.stdout
        if output is None:
            raise PeerFailed(f"expected {self.name} to answer, got a process without output")
        # Lines are kept here, not in a file's buffer, of which `select` knows nothing: two may come at once.
        while b"\n" not in self._heard:
            if patience is not None and not select.select([output], [], [], patience)[0]:
                raise PeerFailed(f"{self.name} did not answer within {patience:.0f} s")
            heard = os.read(output.fileno(), 65_536)
            if not heard:
                raise PeerFailed(f"{self.name} ended by itself")
            self._heard += heard
        line, _, self._heard = self._heard.partition(b"\n")
        outcome, value = json.loads(line)
        return outcome, value

    def __enter__(self) -> "Remote":
        return self

    def __exit__(self, *_: object) -> None:
        """End both processes: the first would only make another child."""
        self._process.kill()
        self._process.wait()
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
        for end in (self._process.stdin, self._process.stdout):
            if end is not None:
                with contextlib.suppress(BrokenPipeError):
                    end.close()
