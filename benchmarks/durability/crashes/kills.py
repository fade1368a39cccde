"""Kill writers with SIGKILL, at random and at every call, and count what is lost or wrong afterwards."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rich.table import Table

from benchmarks.durability.crashes.fork_server import MOMENTS, RANDOM, SYSTEM_CALLS
from benchmarks.durability.judge import scratch
from benchmarks.durability.tracing.strace import unavailable
from benchmarks.errors import BenchmarkFailed

#: The system calls by which SQLite and `storage.files.durable` change files and names.
CALLS = ("pwrite64", "fcntl", "fdatasync", "fsync", "unlink", "rename", "link", "write", "ftruncate", "mkdir")

#: Trials that go on beside each other.
LANES = 2

#: How many lines about what was wrong a report keeps.
SHOWN = 10


@dataclass(frozen=True)
class KillReport:
    """What became of the stores whose writers were killed.

    `by_step` counts the kills by what was under way; `open` is the opening of a store whose writer had been killed
    before. The other counts are of stores: `lost` does not hold what was acknowledged, `unclean` answers well but
    `verify` or the published file tells of the kill, `not_identical` differs from a store that was never
    interrupted after the work was run again to its end. `plant` names the bug that was planted, `skipped` says why
    nothing could be tried.
    """

    how: str
    seed: int
    plant: str | None
    trials: int
    kills: int
    recoveries: int
    by_step: dict[str, int]
    lost: int
    wrong_labels: int
    unopenable: int
    unclean: int
    not_identical: int
    problems: tuple[str, ...] = field(default=())
    skipped: str | None = None

    @property
    def ok(self) -> bool:
        """Tell whether stores were attacked and none was harmed."""
        return self.kills > 0 and not self.problems

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def table(self) -> Table:
        """Return the report as a table to print."""
        planted = f", planted: {self.plant}" if self.plant else ""
        table = Table(title=f"Kills at {self.how}{planted}", title_justify="left", show_header=False)
        if self.skipped is not None:
            table.add_row("SKIPPED", self.skipped)
            return table
        table.add_row("kills", f"{self.kills:,} of {self.trials:,} stores, {self.recoveries:,} while going on")
        table.add_row("under way", ", ".join(f"{step} {count:,}" for step, count in self.by_step.items()))
        for name in ("lost", "wrong_labels", "unopenable", "unclean", "not_identical"):
            table.add_row(name.replace("_", " "), f"{getattr(self, name):,}")
        for line in self.problems:
            table.add_row("problem", line)
        return table


def killed_at_random(count: int, seed: int, *, plant: str | None = None) -> KillReport:
    """Kill a writer at `count` random moments, spread evenly over the kinds of steps, and report what became of it.

    One run in three that goes on is killed too. `plant` names a bug of `planted.py` to be planted before.
    """
    shares = [count * (lane + 1) // LANES - count * lane // LANES for lane in range(LANES)]
    orders = [_order(RANDOM, seed, lane, LANES, plant) | {"kills": share} for lane, share in enumerate(shares)]
    return _report("random moments", seed, plant, _served(orders))


def killed_at_each_call(*, stride: int = 1, seed: int = 0, plant: str | None = None) -> KillReport:
    """Kill a writer at every moment of our own writing that `Switch` counts, or at one in `stride`."""
    orders = [_order(MOMENTS, seed, lane, LANES * stride, plant) for lane in range(LANES)]
    return _report("each of our own calls", seed, plant, _served(orders))


def killed_at_each_system_call(
    calls: tuple[str, ...] = CALLS, *, stride: int = 1, seed: int = 0, plant: str | None = None
) -> KillReport:
    """Kill a writer at every system call of these names, by strace, or at one in `stride` of each."""
    how = "each system call"
    if reason := unavailable():
        return replace(_report(how, seed, plant, []), skipped=reason)
    orders = [
        _order(SYSTEM_CALLS, seed + lane, 0, stride, plant) | {"calls": calls[lane::LANES]} for lane in range(LANES)
    ]
    return _report(how, seed, plant, _served(orders))


def _order(schedule: str, seed: int, lane: int, lanes: int, plant: str | None) -> dict[str, Any]:
    return {"schedule": schedule, "seed": seed, "lane": lane, "lanes": lanes, "plant": plant}


def _served(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Have a fork server run each of the orders, all at once, and return the trials."""
    found: list[dict[str, Any]] = []
    with scratch() as folder:
        servers = []
        for lane, order in enumerate(orders):
            (folder / str(lane)).mkdir()
            servers.append(_server({**order, "folder": str(folder / str(lane))}))
        for server in servers:
            told, _ = server.communicate()
            if server.returncode:
                raise BenchmarkFailed(f"expected the fork server to end well, got exit status {server.returncode}")
            found += [json.loads(line) for line in told.splitlines()]
    return found


def _server(order: dict[str, Any]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.durability.crashes.fork_server", json.dumps(order)]
    # The same modules as here, but no threads, which would not survive a fork.
    path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=os.environ | path | one_thread, stdout=subprocess.PIPE, text=True)


def _report(how: str, seed: int, plant: str | None, found: list[dict[str, Any]]) -> KillReport:
    steps = Counter(step for trial in found for step in trial["hit"])
    kinds = Counter(kind for trial in found for kind in {kind for kind, _ in trial["problems"]})
    lines = [
        f"{kind}: {line} ({'killed in ' + ', '.join(trial['hit']) if trial['hit'] else 'not killed'})"
        for trial in found
        for kind, line in trial["problems"]
    ]
    return KillReport(
        how=how,
        seed=seed,
        plant=plant,
        trials=len(found),
        kills=sum(steps.values()),
        recoveries=sum(trial["recoveries"] for trial in found),
        by_step=dict(sorted(steps.items())),
        lost=kinds["lost"],
        wrong_labels=kinds["wrong_labels"],
        unopenable=kinds["unopenable"],
        unclean=kinds["unclean"],
        not_identical=kinds["not_identical"],
        problems=tuple(lines[:SHOWN]),
    )
