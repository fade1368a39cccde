"""Kill writers with SIGKILL, at random and at every call, and count what is lost or wrong afterwards."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.durability.crashes.crash_trial import CrashTrial
from benchmarks.durability.crashes.fork_server import CRASH_POINTS, DROPS, RANDOM, SYSTEM_CALLS, Order
from benchmarks.durability.findings import Tally, fault_table
from benchmarks.durability.processes import ONE_THREAD, Setup, environment, scratch_folder
from benchmarks.durability.tracing.strace import unavailable
from benchmarks.errors import BenchmarkFailed

#: The system calls by which SQLite and `storage.files.durable` change files and names.
CALLS = ("pwrite64", "fcntl", "fdatasync", "fsync", "unlink", "rename", "link", "write", "ftruncate", "mkdir", "rmdir")

#: Fork servers that run side by side.
SERVERS = 2


@dataclass(frozen=True)
class CrashReport:
    """The findings in the stores of killed writers.

    `kills` and `by_step` count the kills, `by_step` by the step under way; `open` is the opening of a store after a
    kill. `recoveries` are the kills of runs that resumed after a kill. `skipped` says why nothing was tried.
    """

    how: str
    seed: int
    setup: Setup = ()
    trials: int = 0
    kills: int = 0
    recoveries: int = 0
    by_step: Mapping[str, int] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    skipped: str | None = None

    @classmethod
    def of_trials(cls, how: str, seed: int, setup: Setup, trials: Sequence[CrashTrial]) -> "CrashReport":
        """Count the kills and the findings of these trials."""
        by_step = Counter(step for trial in trials for step in trial.killed_in)
        tally = Tally()
        for trial in trials:
            when = f"killed in {', '.join(trial.killed_in)}" if trial.killed_in else "not killed"
            lines = [f"{finding.kind}: {finding.line} ({when})" for finding in trial.findings]
            tally.add({finding.kind for finding in trial.findings}, lines)
        recoveries = sum(trial.recoveries for trial in trials)
        return cls(how, seed, setup, len(trials), by_step.total(), recoveries, dict(sorted(by_step.items())), tally)

    @property
    def ok(self) -> bool:
        """Return whether writers were killed and no store was harmed."""
        return self.kills > 0 and self.tally.bad == 0

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON; the key `plant` is the setup."""
        return {
            "how": self.how,
            "seed": self.seed,
            "plant": " ".join(self.setup) or None,
            "trials": self.trials,
            "kills": self.kills,
            "recoveries": self.recoveries,
            "by_step": self.by_step,
            **self.tally.as_json(),
            "problems": self.tally.examples,
            "skipped": self.skipped,
        }

    def table(self) -> Table:
        """Return the report as a table to print."""
        table = fault_table(f"Kills at {self.how}", self.setup, self.skipped)
        if self.skipped is None:
            table.add_row("kills", f"{self.kills:,} of {self.trials:,} stores, {self.recoveries:,} while resuming")
            table.add_row("under way", ", ".join(f"{step} {count:,}" for step, count in self.by_step.items()))
            self.tally.add_rows(table)
        return table


def crash_at_random(kills: int, seed: int, setup: Setup = ()) -> CrashReport:
    """Kill a writer `kills` times at random moments, spread evenly over the kinds of steps.

    One in three runs that resume is killed too.
    """
    shares = [kills * (server + 1) // SERVERS - kills * server // SERVERS for server in range(SERVERS)]
    orders = [Order(RANDOM, seed, server, SERVERS, kills=share, setup=setup) for server, share in enumerate(shares)]
    return CrashReport.of_trials("random moments", seed, setup, _run_servers(orders))


def crash_at_each_call(
    *, stride: int = 1, seed: int = 0, steps: tuple[str, ...] = (), setup: Setup = ()
) -> CrashReport:
    """Kill a writer at every crash point that `KillSwitch` counts, or at one in `stride`, in some steps or in all."""
    orders = [
        Order(CRASH_POINTS, seed, server, SERVERS * stride, steps=steps, setup=setup) for server in range(SERVERS)
    ]
    return CrashReport.of_trials("each of our own calls", seed, setup, _run_servers(orders))


def drop_at_each_call(*, stride: int = 1, seed: int = 0, setup: Setup = ()) -> CrashReport:
    """Interrupt a writer at every crash point, or at one in `stride`, drop its store, and kill it with another open.

    The dropped store must leave nothing open: its process opens it for writing again at once.
    """
    orders = [Order(DROPS, seed, server, SERVERS * stride, setup=setup) for server in range(SERVERS)]
    how = "each of our own calls, after dropping the store and opening it again"
    return CrashReport.of_trials(how, seed, setup, _run_servers(orders))


def crash_at_each_system_call(
    calls: tuple[str, ...] = CALLS, *, stride: int = 1, seed: int = 0, setup: Setup = ()
) -> CrashReport:
    """Kill a writer at every system call of these names, by strace, or at one in `stride` of each."""
    how = "each system call"
    if reason := unavailable():
        return CrashReport(how, seed, setup, skipped=reason)
    orders = [
        Order(SYSTEM_CALLS, seed + server, 0, stride, calls=calls[server::SERVERS], setup=setup)
        for server in range(SERVERS)
    ]
    return CrashReport.of_trials(how, seed, setup, _run_servers(orders))


def _run_servers(orders: list[Order]) -> list[CrashTrial]:
    """Run the orders side by side, each in a fork server with a folder of its own, and return all their trials."""
    trials: list[CrashTrial] = []
    with scratch_folder() as scratch:
        servers = [_start_server(order, scratch / str(number)) for number, order in enumerate(orders)]
        for server in servers:
            output, _ = server.communicate()
            if server.returncode:
                raise BenchmarkFailed(f"expected the fork server to end well, got exit status {server.returncode}")
            trials += [CrashTrial.from_json(line) for line in output.splitlines()]
    return trials


def _start_server(order: Order, folder: Path) -> subprocess.Popen[str]:
    folder.mkdir()
    arguments = [str(folder), json.dumps(asdict(order))]
    command = [sys.executable, "-m", "benchmarks.durability.crashes.fork_server", *arguments]
    return subprocess.Popen(command, env=environment() | ONE_THREAD, stdout=subprocess.PIPE, text=True)
