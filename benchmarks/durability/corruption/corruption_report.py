"""Corrupt a store's files as a disk, an interrupted copy or an attacker might, and count the outcomes."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.durability.corruption import catalog_trials, columns_trials, index_trials
from benchmarks.durability.corruption.isolated import RunTrial, run_isolated

#: The outcomes that are as they should be.
GOOD = ("unused", "right", "refused", "replaced", "lookup")

#: How many bad outcomes are described.
_DESCRIBED = 5


@dataclass(frozen=True)
class CorruptionReport:
    """The outcomes of `count` corruptions of a file: how many had each outcome, by kind of corruption.

    Good outcomes:
    - unused: the corrupt index was not used.
    - right: all answers were right, or columns of a forged sha256 had the form that they must have.
    - refused: an error of ours refused some answers, the others were right.
    - replaced: all answers were those of another time or store, whose pages were put in with their right checksums.
    - lookup: with such pages, searches and reads of all rows were right or refused, but not every lookup of a row.

    Bad outcomes:
    - accepted: a corrupt index was used.
    - wrong: an answer was wrong.
    - unnoticed: answers were refused, but `verify` found nothing.
    - unrepaired: `verify` found a problem after `repair`.
    - unnamed: `repair` lost an item without naming it.
    - failed: an exception other than ours was raised.
    - crashed, hung: the process ended, or took too long.

    `memory` is the peak memory beyond that of the first trial, in bytes. `bad` describes the first bad outcomes.
    """

    file: str
    count: int
    seed: int
    outcomes: dict[str, dict[str, int]]
    bad: list[str]
    memory: int

    @property
    def ok(self) -> bool:
        """Return whether every outcome was good."""
        return sum(self.total(outcome) for outcome in GOOD) == self.count

    def total(self, outcome: str) -> int:
        """Return how many corruptions had this outcome."""
        return sum(counts.get(outcome, 0) for counts in self.outcomes.values())

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def table(self) -> Table:
        """Return the report as a table to print."""
        names = [*GOOD, *sorted({name for counts in self.outcomes.values() for name in counts} - set(GOOD))]
        table = Table("corruption", *names, title=f"Corrupted {self.file}: {self.count:,}", title_justify="left")
        for kind, counts in self.outcomes.items():
            table.add_row(kind, *(f"{counts.get(name, 0):,}" for name in names))
        return table


def corrupt_index(count: int, seed: int = 0) -> CorruptionReport:
    """Corrupt the newest index file, or both; none may be used, and every answer must stay as it was."""
    return _run("index", index_trials.make_trials, index_trials.kind_of, count, seed)


def corrupt_columns(count: int, seed: int = 0) -> CorruptionReport:
    """Corrupt a file of columns; it may not be used, nor do harm where its sha256 was forged to match."""
    return _run("columns", columns_trials.make_trials, columns_trials.kind_of, count, seed)


def corrupt_catalog(count: int, seed: int = 0) -> CorruptionReport:
    """Corrupt the catalog, or put a foreign journal beside it; every answer must be right or refused."""
    return _run("catalog", catalog_trials.make_trials, catalog_trials.kind_of, count, seed)


def _run(
    file: str, make_trials: Callable[[int, Path], RunTrial], kind_of: Callable[[int], str], count: int, seed: int
) -> CorruptionReport:
    with tempfile.TemporaryDirectory() as folder:
        trials = list(run_isolated(partial(make_trials, seed), kind_of, Path(folder), count))
    outcomes: dict[str, Counter[str]] = {}
    for trial in trials:
        outcomes.setdefault(trial.kind, Counter())[trial.outcome] += 1
    bad = [f"{trial.kind}: {trial.outcome}: {trial.note}" for trial in trials if trial.outcome not in GOOD]
    memory = max(trial.memory for trial in trials) - min(trial.memory for trial in trials if trial.memory)
    counts = {kind: dict(counter) for kind, counter in outcomes.items()}
    return CorruptionReport(file, count, seed, counts, bad[:_DESCRIBED], memory)
