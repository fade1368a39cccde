"""Make writing fail: a writer ends with a clear error or carries on, and nothing acknowledged is lost."""

import errno
import os
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import repeat
from typing import Any

from rich.table import Table

from benchmarks.durability.failing_calls import small_disks
from benchmarks.durability.failing_calls.failing_call import (
    FailingCall,
    list_failing_calls,
    run_with_failing_call,
    written_paths,
)
from benchmarks.durability.failing_calls.small_disks import SmallDisk
from benchmarks.durability.findings import Finding, Tally, fault_table
from benchmarks.durability.judge import judge
from benchmarks.durability.processes import Setup, fork_context, scratch_folder
from benchmarks.durability.tracing.strace import unavailable
from benchmarks.durability.writer import STORE, Job, RunResult

#: The largest of the small disks in kB, which is enough for the work.
LARGEST_DISK = 448

#: How the system and SQLite name the reason of a failure.
REASONS = (
    os.strerror(errno.ENOSPC),
    os.strerror(errno.EIO),
    os.strerror(errno.EFBIG),
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
)

_WORKERS = 2


class Ending(StrEnum):
    """How a writer ended whose writing failed; the values are keys of the report's JSON."""

    CARRIED_ON = "carried_on"
    CLEAR_ERROR = "clear_error"
    UNCLEAR_ERROR = "unclear_error"
    KILLED = "killed"
    HUNG = "hung"


_GOOD = (Ending.CARRIED_ON, Ending.CLEAR_ERROR)


@dataclass(frozen=True)
class FailingCallsReport:
    """How writers ended whose system calls failed or whose disk was full, and what is wrong with their stores.

    Of `cases` runs, `small_disks` were on disks too small for the work, made by the means that `small_disk` names; in
    all others one of `calls` system calls failed, once or from then on. A writer should carry on to the end, or end
    with a clear error: our own, which names a path and a reason. `skipped` says what could not be tried.
    """

    seed: int
    stride: int
    setup: Setup = ()
    calls: int = 0
    cases: int = 0
    small_disks: int = 0
    small_disk: str = ""
    endings: Mapping[Ending, int] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)
    skipped: str | None = None

    @property
    def bad(self) -> int:
        """Return how many bad endings and bad stores there were."""
        return self.tally.bad + sum(count for ending, count in self.endings.items() if ending not in _GOOD)

    @property
    def ok(self) -> bool:
        """Return whether something was tried and nothing was bad."""
        return self.cases > 0 and self.bad == 0

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON; the key `plant` is the setup."""
        return {
            "seed": self.seed,
            "stride": self.stride,
            "plant": " ".join(self.setup) or None,
            "calls": self.calls,
            "cases": self.cases,
            "small_disks": self.small_disks,
            "small_disk": self.small_disk,
            **{ending.value: self.endings.get(ending, 0) for ending in Ending},
            **self.tally.as_json(),
            "examples": self.tally.examples,
            "skipped": self.skipped,
            "bad": self.bad,
            "ok": self.ok,
        }

    def table(self) -> Table:
        """Return the report as a table to print."""
        table = fault_table("Failed writes", self.setup, self.skipped)
        table.add_row("runs", f"{self.cases:,}, one in {self.stride:,} of those possible")
        table.add_row("of them on a small disk", f"{self.small_disks:,}, {self.small_disk}")
        for ending in Ending:
            table.add_row(ending.replace("_", " "), f"{self.endings.get(ending, 0):,}")
        self.tally.add_rows(table)
        return table


def fail_calls(*, stride: int = 1, seed: int = 0, disk_step: int = 8, setup: Setup = ()) -> FailingCallsReport:
    """Make each of a writer's system calls on the store's files fail, or one in `stride` of each kind.

    Then run it on disks of `disk_step`, twice that and so on kB, up to LARGEST_DISK, or with files of at most a
    quarter of that. `setup` is called first in every writer.
    """
    untraced, unmounted = unavailable(), small_disks.mounting_unavailable()
    skipped = [f"no system call was made to fail: {untraced}"] if untraced else []
    skipped += [f"no disk was mounted, the size of files was limited instead: {unmounted}"] if unmounted else []
    sizes = range(disk_step, LARGEST_DISK + 1, disk_step)
    disks = [SmallDisk(size // 4, False) if unmounted else SmallDisk(size, True) for size in sizes]
    endings: Counter[Ending] = Counter()
    tally = Tally()
    with ProcessPoolExecutor(_WORKERS, fork_context()) as executor:
        paths, failing = ([], []) if untraced else executor.submit(_plan, stride, seed, setup).result()
        cases: list[FailingCall | SmallDisk] = [*failing, *disks]
        results = executor.map(_run_case, cases, repeat(paths), repeat(seed), repeat(setup))
        for case, (result, findings) in zip(cases, results, strict=True):
            ending = ending_of(result)
            endings[ending] += 1
            lines = [finding.line for finding in findings]
            if ending not in _GOOD:
                lines.insert(0, f"{ending}: {result.last_line} {result.errors}".strip())
            tally.add([finding.kind for finding in findings[:1]], [f"{case}: {line}" for line in lines[:1]])
    return FailingCallsReport(
        seed,
        stride,
        setup,
        calls=len({(call.call, call.number) for call in failing}),
        cases=len(cases),
        small_disks=len(disks),
        small_disk="largest file" if unmounted else "mounted",
        endings=endings,
        tally=tally,
        skipped="; ".join(skipped) or None,
    )


def _plan(stride: int, seed: int, setup: Setup) -> tuple[list[str], list[FailingCall]]:
    """Return the store's paths and the calls that are to fail."""
    with scratch_folder() as recorded, scratch_folder() as listed:
        paths = written_paths(Job(recorded / STORE, seed, setup))
        return paths, list_failing_calls(Job(listed / STORE, seed, setup), paths, stride, seed)


def _run_case(
    case: FailingCall | SmallDisk, paths: list[str], seed: int, setup: Setup
) -> tuple[RunResult, list[Finding]]:
    """Run a writer in one case, and then judge its store and resume the work without failures."""
    with scratch_folder() as root:
        job = Job(root / STORE, seed, setup)
        result = case.run(job) if isinstance(case, SmallDisk) else run_with_failing_call(job, paths, case)
        # The log may be large, and only its writer's process needs it.
        return replace(result, log=""), judge(root / STORE, result.acknowledged, thorough=True, seed=seed)


def ending_of(result: RunResult) -> Ending:
    """Return how a writer ended: an error is clear if it is ours, alone, and names a store's path and the reason."""
    if result.status is None:
        return Ending.HUNG
    if result.status < 0:
        return Ending.KILLED
    last_line = result.last_line
    if result.done and not result.errors:
        return Ending.CARRIED_ON
    ours = last_line.startswith("refused StoreUnwritable: ") and f"/{STORE}" in last_line and not result.errors
    return Ending.CLEAR_ERROR if ours and any(reason in last_line for reason in REASONS) else Ending.UNCLEAR_ERROR
