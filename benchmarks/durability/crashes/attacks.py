"""Three ways to kill a writer: at a moment after a step, at the n-th of our own calls, at the n-th system call."""

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.durability.crashes.forks import Child, End, Tell
from benchmarks.durability.crashes.kill_switch import Switch
from benchmarks.durability.tracing.strace import run_writer
from benchmarks.durability.workload import work
from benchmarks.durability.writer import SMALL_CACHE, Job
from benchmarks.errors import BenchmarkFailed
from storage.databases.sqlite_file import PRAGMAS


@dataclass(frozen=True)
class Attacked:
    """How an attacked writer ended, the last step that it acknowledged, -1 for none, and why it failed, if it did."""

    end: End
    acknowledged: int
    failure: str = ""


class Attack(Protocol):
    """One run of the work that is killed, unless it ends before."""

    def __call__(self, folder: Path) -> Attacked:
        """Work on the store in the folder and be killed."""
        ...


@dataclass(frozen=True)
class AfterStep:
    """Kill some seconds after a step was acknowledged; after the start for step -1."""

    step: int
    seconds: float
    small_cache: bool = False

    def __call__(self, folder: Path) -> Attacked:
        """Work on the store in the folder and be killed."""
        child = Child(lambda tell: _work(folder, tell, self.small_cache))
        if self.step >= 0:
            child.wait_for(str(self.step))
        time.sleep(self.seconds)
        return _attacked(child, child.kill())


@dataclass(frozen=True)
class AtMoment:
    """Kill at the n-th moment of our own writing, from 0, as `Switch` counts them."""

    number: int

    def __call__(self, folder: Path) -> Attacked:
        """Work on the store in the folder and be killed."""
        child = Child(lambda tell: _switched(folder, tell, Switch(self.number)))
        return _attacked(child, child.end())


def moments(folder: Path) -> int:
    """Return how many moments the work has, doing it in the folder; raise BenchmarkFailed when it fails."""

    def counting(tell: Tell) -> None:
        switch = Switch(None)
        _switched(folder, lambda _: None, switch)
        tell(str(switch.counted))

    child = Child(counting)
    if child.end() is not End.DONE:
        raise BenchmarkFailed(f"expected the work to end when nothing attacks it, got {child.told}")
    return int(child.told[-1])


def _switched(folder: Path, tell: Tell, switch: Switch) -> None:
    def acknowledge(line: str) -> None:
        switch.moment()
        tell(line)
        switch.moment()

    switch.install()
    _work(folder, acknowledge)


@dataclass(frozen=True)
class AtSystemCall:
    """Kill at the n-th system call of a name, from 1, as strace counts them; the call itself is not made."""

    call: str
    number: int
    plant: str | None = None

    def __call__(self, folder: Path) -> Attacked:
        """Work on the store in the folder and be killed."""
        inject = f"inject={self.call}:signal=SIGKILL:when={self.number}"
        ran = run_writer(Job(folder, plant=self.plant), ["-e", f"trace={self.call}", "-e", inject])
        if ran.status == -signal.SIGKILL:
            return Attacked(End.KILLED, ran.acknowledged)
        return Attacked(End.DONE if ran.outcome == "done" else End.FAILED, ran.acknowledged, ran.outcome)


def _work(folder: Path, tell: Tell, small_cache: bool = False) -> None:
    if small_cache:
        PRAGMAS["cache_size"] = SMALL_CACHE
    work(folder, lambda number: tell(str(number)))


def _attacked(child: Child, end: End) -> Attacked:
    numbers = [int(line) for line in child.told if line.isdecimal()]
    return Attacked(end, max(numbers, default=-1), child.told[-1] if end is End.FAILED and child.told else "")
