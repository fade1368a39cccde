"""Three ways to kill a writer: some time after a step, at the n-th crash point, at the n-th system call."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.durability.crashes.child import Child, End, Send, run_unharmed
from benchmarks.durability.crashes.kill_switch import KillSwitch
from benchmarks.durability.processes import Setup
from benchmarks.durability.tracing.strace import run_traced
from benchmarks.durability.workload import work
from benchmarks.durability.writer import SMALL_CACHE, Job
from storage.databases.sqlite_file import PRAGMAS


@dataclass(frozen=True)
class AttackResult:
    """How an attacked writer ended, the last step that it acknowledged, -1 for none, and why it failed, if it did."""

    end: End
    acknowledged: int
    failure: str = ""


#: Works on the store in a folder until it is killed or done.
Attack = Callable[[Path], AttackResult]


@dataclass(frozen=True)
class AfterStep:
    """Kill some seconds after a step was acknowledged; after the start for step -1."""

    step: int
    seconds: float
    small_cache: bool = False

    def __call__(self, folder: Path) -> AttackResult:
        """Work on the store in the folder until killed."""
        child = Child(lambda send: _work(folder, send, self.small_cache))
        if self.step >= 0:
            child.wait_for(str(self.step))
        time.sleep(self.seconds)
        return _result(child, child.kill())


@dataclass(frozen=True)
class AtCrashPoint:
    """Kill at the n-th crash point of our own code, from 0, as `KillSwitch` counts them."""

    number: int

    def __call__(self, folder: Path) -> AttackResult:
        """Work on the store in the folder until killed."""
        child = Child(lambda send: _work_with_switch(folder, send, KillSwitch(self.number)))
        return _result(child, child.end())


def count_crash_points(folder: Path) -> int:
    """Do the work in the folder and return how many crash points it has; raise BenchmarkFailed when it fails."""

    def count(send: Send) -> None:
        switch = KillSwitch(None)
        _work_with_switch(folder, lambda _: None, switch)
        send(str(switch.count))

    return int(run_unharmed(count).lines[-1])


def _work_with_switch(folder: Path, send: Send, switch: KillSwitch) -> None:
    def acknowledge(line: str) -> None:
        switch.crash_point()
        send(line)
        switch.crash_point()

    switch.install()
    _work(folder, acknowledge)


@dataclass(frozen=True)
class AtSystemCall:
    """Kill at the n-th system call of a name, from 1, as strace counts them; the call itself is not made."""

    call: str
    number: int
    setup: Setup = ()

    def __call__(self, folder: Path) -> AttackResult:
        """Work on the store in the folder until killed."""
        inject = f"inject={self.call}:signal=SIGKILL:when={self.number}"
        result = run_traced(Job(folder, setup=self.setup), ["-e", f"trace={self.call}", "-e", inject])
        if result.status == -signal.SIGKILL:
            return AttackResult(End.KILLED, result.acknowledged)
        end = End.DONE if result.last_line == "done" else End.FAILED
        return AttackResult(end, result.acknowledged, result.last_line)


def _work(folder: Path, send: Send, small_cache: bool = False) -> None:
    if small_cache:
        PRAGMAS["cache_size"] = SMALL_CACHE
    work(folder, lambda number: send(str(number)))


def _result(child: Child, end: End) -> AttackResult:
    numbers = [int(line) for line in child.lines if line.isdecimal()]
    failure = child.lines[-1] if end is End.FAILED and child.lines else ""
    return AttackResult(end, max(numbers, default=-1), failure)
