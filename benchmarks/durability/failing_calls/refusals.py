"""Let the system refuse to write: a writer ends with a clear error or carries on, and nothing acknowledged is lost."""

import errno
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from enum import Enum
from itertools import repeat
from typing import Any

from rich.table import Table

from benchmarks.durability.failing_calls import small_disks
from benchmarks.durability.failing_calls.refused_calls import Refusal, files_of, refusals_of, run_refused
from benchmarks.durability.judge import Finding, Kind, findings, scratch
from benchmarks.durability.tracing.strace import FORKED, unavailable
from benchmarks.durability.writer import STORE, Job, Ran

#: Small disks have up to so many kB, which is enough for the work.
LARGEST_DISK = 448

#: How the system and SQLite name the reason.
REASONS = (
    os.strerror(errno.ENOSPC),
    os.strerror(errno.EIO),
    os.strerror(errno.EFBIG),
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
)

#: How many of the bad cases a report describes.
EXAMPLES = 5

_WORKERS = 2


class Ending(Enum):
    """How a writer ended that was refused something."""

    CARRIED_ON = "carried_on"
    CLEAR_ERROR = "clear_error"
    UNCLEAR_ERROR = "unclear_error"
    KILLED = "killed"
    HUNG = "hung"


@dataclass(frozen=True)
class RefusalReport:
    """How writers ended that were refused a system call or whose disk was full, and what became of their stores.

    Of `cases` runs, `small_disks` were on disks too small (`small_disk` says by which means), in all others one of
    `calls` system calls was refused, once or from then on. Each either carried on to the end, or ended with a clear
    error, our own that names a path and a reason; bad are any other ending, and a store that lost something, is wrong,
    or becomes another when the job is run again. `skipped` says what could not be tried here.
    """

    seed: int
    stride: int
    plant: str | None = None
    calls: int = 0
    cases: int = 0
    small_disks: int = 0
    small_disk: str = ""
    carried_on: int = 0
    clear_error: int = 0
    unclear_error: int = 0
    killed: int = 0
    hung: int = 0
    lost: int = 0
    wrong_labels: int = 0
    unopenable: int = 0
    unclean: int = 0
    not_identical: int = 0
    examples: tuple[str, ...] = ()
    skipped: str | None = None

    @property
    def bad(self) -> int:
        """Return how many bad endings and bad stores there were."""
        endings = self.unclear_error + self.killed + self.hung
        return endings + self.lost + self.wrong_labels + self.unopenable + self.unclean + self.not_identical

    @property
    def ok(self) -> bool:
        """Tell whether something was tried and nothing went wrong."""
        return self.cases > 0 and self.bad == 0

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self) | {"bad": self.bad, "ok": self.ok}

    def table(self) -> Table:
        """Return the report as a table to print."""
        planted = f", planted: {self.plant}" if self.plant else ""
        table = Table(title=f"Refused writes{planted}", title_justify="left", show_header=False)
        if self.skipped:
            table.add_row("SKIPPED", self.skipped)
        table.add_row("runs", f"{self.cases:,}, one in {self.stride:,} of those possible")
        table.add_row("of them on a small disk", f"{self.small_disks:,}, {self.small_disk}")
        for name in [ending.value for ending in Ending] + [kind.value for kind in Kind]:
            table.add_row(name.replace("_", " "), f"{getattr(self, name):,}")
        for example in self.examples:
            table.add_row("example", example)
        return table


@dataclass(frozen=True)
class SmallDisk:
    """A disk of so many kB or, where none can be mounted, files that may have so many."""

    kilobytes: int
    mounted: bool

    def __str__(self) -> str:
        return f"{'a disk' if self.mounted else 'files'} of at most {self.kilobytes} kB"


@dataclass(frozen=True)
class Tried:
    """How one case ended, in which words if they were not clear, and what is wrong with the store."""

    ending: Ending
    words: str
    found: list[Finding]


def refuse(*, stride: int = 1, seed: int = 0, disk_step: int = 8, plant: str | None = None) -> RefusalReport:
    """Refuse a writer each of its system calls on the store's files, or of each kind one in `stride`.

    Then have it work on disks of `disk_step`, twice that and so on kB, up to LARGEST_DISK, or with files of at most a
    quarter of that. `plant`: see `Job`.
    """
    untraced, unmounted = unavailable(), small_disks.no_mounting()
    skipped = [f"no system call was refused: {untraced}"] if untraced else []
    skipped += [f"no disk was mounted, the size of files was limited instead: {unmounted}"] if unmounted else []
    sizes = range(disk_step, LARGEST_DISK + 1, disk_step)
    disks = [SmallDisk(size // 4, False) if unmounted else SmallDisk(size, True) for size in sizes]
    endings: Counter[str] = Counter()
    examples: list[str] = []
    with ProcessPoolExecutor(_WORKERS, FORKED) as tried_by:
        files, refusals = ([], []) if untraced else tried_by.submit(_planned, stride, seed, plant).result()
        cases: list[Refusal | SmallDisk] = [*refusals, *disks]
        outcomes = tried_by.map(_try, cases, repeat(files), repeat(seed), repeat(plant))
        for case, tried in zip(cases, outcomes, strict=True):
            bad = [finding.line for finding in tried.found]
            if tried.ending not in (Ending.CARRIED_ON, Ending.CLEAR_ERROR):
                bad.insert(0, f"{tried.ending.value}: {tried.words}")
            endings.update({tried.ending.value, *(finding.kind.value for finding in tried.found[:1])})
            examples += [f"{case}: {line}" for line in bad[:1]]
    return RefusalReport(
        seed=seed,
        stride=stride,
        plant=plant,
        calls=len({(refusal.call, refusal.number) for refusal in refusals}),
        cases=len(cases),
        small_disks=len(disks),
        small_disk="largest file" if unmounted else "mounted",
        examples=tuple(examples[:EXAMPLES]),
        skipped="; ".join(skipped) or None,
        **endings,
    )


def _planned(stride: int, seed: int, plant: str | None) -> tuple[list[str], list[Refusal]]:
    """Return the store's files and the refusals to try."""
    with scratch() as one, scratch() as other:
        files = files_of(Job(one / STORE, seed, plant), one)
        return files, refusals_of(Job(other / STORE, seed, plant), other, files, stride, seed)


def _try(case: Refusal | SmallDisk, files: list[str], seed: int, plant: str | None) -> Tried:
    """Have a writer meet a case, and then look at its store and let the work go on without it."""
    with scratch() as root:
        job = Job(root / STORE, seed, plant)
        if isinstance(case, Refusal):
            ran = run_refused(job, root, files, case)
        elif case.mounted:
            ran = small_disks.run_on_small_disk(job, case.kilobytes)
        else:
            ran = small_disks.run_with_small_files(job, case.kilobytes)
        words = f"{ran.outcome} {ran.complaints}".strip()
        return Tried(ending_of(ran), words, findings(root / STORE, ran.acknowledged, thorough=True, seed=seed))


def ending_of(ran: Ran) -> Ending:
    """Judge how a writer ended: an error is clear if it is ours, alone, and names a store's path and the reason."""
    if ran.status is None:
        return Ending.HUNG
    if ran.status < 0:
        return Ending.KILLED
    if ran.outcome == "done" and not ran.complaints:
        return Ending.CARRIED_ON
    clear = ran.outcome.startswith("refused StoreUnwritable: ") and f"/{STORE}" in ran.outcome and not ran.complaints
    return Ending.CLEAR_ERROR if clear and any(reason in ran.outcome for reason in REASONS) else Ending.UNCLEAR_ERROR
