"""What can be wrong with a store after a fault, and a tally of it over many stores."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from rich.table import Table

from benchmarks.durability.processes import Setup

#: How many of the findings a report describes.
EXAMPLES = 10


class Kind(StrEnum):
    """What is wrong with a store, by its effect on the user; the values are keys of the reports' JSON."""

    LOST = "lost"
    WRONG_LABELS = "wrong_labels"
    UNOPENABLE = "unopenable"
    UNCLEAN = "unclean"
    NOT_IDENTICAL = "not_identical"


class Finding(NamedTuple):
    """One thing that is wrong with a store, in a line."""

    kind: Kind
    line: str


@dataclass
class Tally:
    """The number of stores by what is wrong with them, and a line about each of the first few.

    Lost: acknowledged work is missing. Wrong labels: an item has the label of another. Unopenable: a reader fails, or
    the work cannot be resumed. Unclean: the answers are right, but `verify` finds a problem or the published file is
    wrong. Not identical: after the work was resumed to its end, the store differs from one that met no fault.
    """

    counts: Counter[Kind] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, kinds: Iterable[Kind], lines: Iterable[str]) -> None:
        """Count one store once for each kind, and keep the lines as examples while there are few."""
        self.counts.update(kinds)
        self.examples += list(lines)[: EXAMPLES - len(self.examples)]

    @property
    def bad(self) -> int:
        """Return the sum of all counts."""
        return self.counts.total()

    def as_json(self) -> dict[str, int]:
        """Return the count of every kind."""
        return {kind.value: self.counts[kind] for kind in Kind}

    def add_rows(self, table: Table) -> None:
        """Add a row for each kind and each example to a table of two columns."""
        for kind in Kind:
            table.add_row(kind.replace("_", " "), f"{self.counts[kind]:,}")
        for line in self.examples:
            table.add_row("example", line)


def fault_table(title: str, setup: Setup, skipped: str | None) -> Table:
    """Return a table of two columns for a report; its first row is the reason when something was skipped."""
    table = Table(
        title=f"{title}, after {' '.join(setup)}" if setup else title, title_justify="left", show_header=False
    )
    if skipped is not None:
        table.add_row("SKIPPED", skipped)
    return table
