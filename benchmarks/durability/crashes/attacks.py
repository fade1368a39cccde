"""Ways to kill a writer: after a step, at the n-th crash point or system call, or when it has dropped its store."""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.durability.crashes.child import Child, Send, run_unharmed
from benchmarks.durability.crashes.kill_switch import Interrupted, KillSwitch
from benchmarks.durability.processes import Setup
from benchmarks.durability.tracing.strace import run_traced
from benchmarks.durability.workload import stored_items
from benchmarks.durability.writer import Job, RunResult, write
from benchmarks.errors import BenchmarkFailed
from storage import LookalikeError, Store

#: Works on the store in a folder until it is killed or done.
Attack = Callable[[Path], RunResult]


@dataclass(frozen=True)
class AfterStep:
    """Kill some seconds after a step was acknowledged; after the start for step -1."""

    step: int
    seconds: float
    small_cache: bool = False

    def __call__(self, folder: Path) -> RunResult:
        """Work on the store in the folder until killed."""
        child = Child(lambda send: write(Job(folder, small_cache=self.small_cache), send))
        if self.step >= 0:
            child.wait_for(f"ack {self.step}")
        time.sleep(self.seconds)
        child.kill()
        return child.result()


@dataclass(frozen=True)
class AtCrashPoint:
    """Kill at the n-th crash point of our own code, from 0, as `KillSwitch` counts them."""

    number: int

    def __call__(self, folder: Path) -> RunResult:
        """Work on the store in the folder until killed."""
        return Child(lambda send: _write_with_switch(folder, send, KillSwitch(self.number))).result()


@dataclass(frozen=True)
class AfterDrop:
    """Interrupt the work at the n-th crash point, drop its store without closing it, open it again, and kill then.

    The process has no garbage collector: what a dropped store leaves open stays open.
    """

    number: int

    def __call__(self, folder: Path) -> RunResult:
        """Work on the store in the folder until killed."""
        return Child(lambda send: _drop_and_reopen(folder, send, KillSwitch(self.number, interrupts=True))).result()


def _drop_and_reopen(folder: Path, send: Send, switch: KillSwitch) -> None:
    with suppress(Interrupted):
        _write_with_switch(folder, send, switch, closing=False)
        return
    try:
        if Store.exists_at(folder):
            # Anything that the dropped store still holds, such as its lock, would be noticed here or by the judge.
            with Store.open(folder, writing=True) as store:
                stored_items(store)
    except LookalikeError as error:
        send(f"refused after the store was dropped {type(error).__name__}: {error}")
    else:
        os.kill(os.getpid(), signal.SIGKILL)


def count_crash_points(folder: Path, *, interrupts: bool = False) -> list[int]:
    """Do the work in the folder and return how many crash points the creation, each step and the end have.

    Raise BenchmarkFailed when the work fails.
    """

    def count(send: Send) -> None:
        switch = KillSwitch(None, interrupts=interrupts)
        counts = [0]

        def note(line: str) -> None:
            if line.startswith("ack "):
                counts.append(switch.count)

        if not _write_with_switch(folder, note, switch):
            raise BenchmarkFailed("expected the work to be done when nothing kills it, but it failed")
        send(json.dumps(np.diff([*counts, switch.count]).tolist()))

    counts: list[int] = json.loads(run_unharmed(count).lines[-1])
    return counts


def _write_with_switch(folder: Path, send: Send, switch: KillSwitch, *, closing: bool = True) -> bool:
    def send_between_crash_points(line: str) -> None:
        switch.crash_point()
        send(line)
        switch.crash_point()

    switch.install()
    return write(Job(folder, closing=closing), send_between_crash_points)


@dataclass(frozen=True)
class AtSystemCall:
    """Kill at the n-th system call of a name, from 1, as strace counts them; the call itself is not made."""

    call: str
    number: int
    setup: Setup = ()

    def __call__(self, folder: Path) -> RunResult:
        """Work on the store in the folder until killed."""
        inject = f"inject={self.call}:signal=SIGKILL:when={self.number}"
        return run_traced(Job(folder, setup=self.setup), ["-e", f"trace={self.call}", "-e", inject])
