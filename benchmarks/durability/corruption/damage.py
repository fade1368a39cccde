"""Damage a store's files in every way a disk, a copy or a stranger can, and count what comes of it."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.durability.corruption import damaged_catalog, damaged_index
from benchmarks.durability.corruption.isolated import Trial, run_apart

#: Outcomes that are as they should be.
GOOD = ("unused", "right", "refused", "replaced", "lookup")

#: How many bad outcomes are told in full.
_SHOWN = 5


@dataclass(frozen=True)
class DamageReport:
    """What became of `count` damages of a file: by kind of damage, how often each outcome.

    Good are unused: the damaged index was not taken. right: all answers were. refused: some answers were refused, by
    name, the others right. Where whole pages are of another time or another store, and so have right checksums, also
    replaced: all answers are those of that time or store, and lookup: searches and walks over all rows are right or
    refused, lookups of single rows are not all.

    Bad are accepted: a damaged index was taken. wrong: an answer was. unnoticed: `verify` found nothing where answers
    were refused. unrepaired: `verify` found something after `repair`. unnamed: `repair` lost an item without a word.
    failed: another exception than ours. crashed and hung.

    `memory` is what all of it took beyond the first damage, in bytes.
    """

    file: str
    count: int
    seed: int
    outcomes: dict[str, dict[str, int]]
    bad: list[str]
    memory: int

    @property
    def ok(self) -> bool:
        """Tell whether every outcome was good."""
        return sum(self.total(outcome) for outcome in GOOD) == self.count

    def total(self, outcome: str) -> int:
        """Return how many damages had this outcome."""
        return sum(counts.get(outcome, 0) for counts in self.outcomes.values())

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def table(self) -> Table:
        """Return the report as a table to print."""
        seen = [*GOOD, *sorted({name for counts in self.outcomes.values() for name in counts} - set(GOOD))]
        table = Table("damage", *seen, title=f"Damaged {self.file}: {self.count:,}", title_justify="left")
        for kind, counts in self.outcomes.items():
            table.add_row(kind, *(f"{counts.get(name, 0):,}" for name in seen))
        return table


def damage_index(count: int, seed: int = 0) -> DamageReport:
    """Damage index files: the newest or both; none may be taken, and every answer must stay as it was."""
    return _measured("index", damaged_index.trials, damaged_index.kind_of, count, seed)


def damage_catalog(count: int, seed: int = 0) -> DamageReport:
    """Damage the catalog, or put a journal beside it that is not its own; an answer must be right, or refused."""
    return _measured("catalog", damaged_catalog.trials, damaged_catalog.kind_of, count, seed)


def _measured(
    file: str,
    setup: Callable[[int, Path], Callable[[int], Trial]],
    kind_of: Callable[[int], str],
    count: int,
    seed: int,
) -> DamageReport:
    with tempfile.TemporaryDirectory() as folder:
        trials = list(run_apart(partial(setup, seed), kind_of, Path(folder), count))
    counts: dict[str, Counter[str]] = {}
    for trial in trials:
        counts.setdefault(trial.kind, Counter())[trial.outcome] += 1
    bad = [f"{trial.kind}: {trial.outcome}: {trial.note}" for trial in trials if trial.outcome not in GOOD]
    memory = max(trial.memory for trial in trials) - min(trial.memory for trial in trials if trial.memory)
    return DamageReport(
        file, count, seed, {kind: dict(outcomes) for kind, outcomes in counts.items()}, bad[:_SHOWN], memory
    )
