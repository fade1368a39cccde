"""Plans for labels: a table of label issues that people edit, relabelling by it, and taking that back."""

import csv
import io
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from search.curation.label_issues import LabelIssues
from search.errors import PlanRefused
from search.plans.plan_table import DIGEST_PREFIX, digest_of, one_store, read_table, require_columns
from storage import Store
from storage.console import counted, printable, right_aligned
from storage.files.output_file import OutputFile
from storage.files.spreadsheet_cells import escaped, unescaped

COLUMNS = ("action", "label", "to", "sure", "margin", "key", "digest", "store")

#: Without these a plan cannot be applied; `to` is in no other plan.
_REQUIRED = ("action", "label", "to", "key", "digest", "store")

#: An issue that is at least so sure is to be relabelled unless people say otherwise.
_SURE = 0.5

#: Rows of a table; --json has all.
_TABLE_ROWS = 50


class LabelAction(StrEnum):
    """What shall become of an item's label."""

    RELABEL = "relabel"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class LabelRow:
    """An item by its key and the sha256 of its content, its label, and the one `to` have; `line` is the plan's."""

    action: LabelAction
    key: str
    digest: bytes
    label: str
    to: str
    line: int = 0


@dataclass(frozen=True)
class LabelPlan:
    """A plan for the labels of one store."""

    store: str
    rows: tuple[LabelRow, ...]


@dataclass(frozen=True)
class LabelReport:
    """What relabelling did or would do: keys, with the old and new label of each, and why others are left alone."""

    store: str
    dry_run: bool
    undo: bool
    relabelled: tuple[tuple[str, str, str], ...]
    left: tuple[tuple[str, str], ...]
    before: int

    @property
    def problems(self) -> int:
        """Return how many items were left alone."""
        return len(self.left)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "store": self.store,
            "how": "relabel",
            "dry_run": self.dry_run,
            "done": len(self.relabelled),
            "before": self.before,
            "left": len(self.left),
            "labels": [{"key": key, "from": old, "to": new} for key, old, new in self.relabelled],
            "problems": [{"key": key, "problem": problem} for key, problem in self.left],
        }

    def table(self) -> Table:
        """Return the items as a table to print."""
        table = Table(*right_aligned("label"), "new label, or why it is left alone", "key")
        rows = [("", problem, key) for key, problem in self.left] + [
            (old, new, key) for key, old, new in self.relabelled
        ]
        for row in rows[:_TABLE_ROWS]:
            table.add_row(*(Text(printable(cell)) for cell in row))
        return table

    def summary(self) -> str:
        """Return a line with the counts."""
        verb = "would be " if self.dry_run else ""
        count = len(self.relabelled)
        what = "labelled as before" if self.undo else "relabelled"
        text = f"{counted(count, 'item')} {verb}{what}, {len(self.left):,} left alone"
        text += f", {self.before:,} {'as before already' if self.undo else 'done before'}" if self.before else ""
        return text + ("; run it again with --yes to do so" if self.dry_run and count else "")


def write_label_plan(issues: LabelIssues, store: Store, output: OutputFile) -> None:
    """Write a plan to relabel what is an issue; raise OutputRefused, StoreUnwritable, or NotAStore for a server."""
    location = os.path.abspath(store.folder)  # noqa: PTH100 - keeps links, as the names of sources do
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for issue in issues.issues:
        sure = issue.confidence
        fields = (
            LabelAction.RELABEL if sure is not None and sure >= _SURE else LabelAction.KEEP,
            escaped(issue.item.label or ""),
            escaped(issue.predicted_label),
            "" if sure is None else f"{sure:.2f}",
            f"{issue.margin:.2f}",
            escaped(issue.item.key),
            DIGEST_PREFIX + issue.item.content.hex(),
            escaped(location.encode("utf-8", "backslashreplace").decode()),
        )
        rows.writerow(fields)
    output.write_bytes(text.getvalue().encode("utf-8-sig"))


def is_label_plan(path: Path) -> bool:
    """Return whether a plan is for labels; raise PlanRefused for a file that is no table."""
    return "to" in read_table(path)[0]


def read_label_plan(path: Path) -> LabelPlan:
    """Read a plan; raise PlanRefused for a file that is none, or a plan that contradicts itself."""
    names, table = read_table(path)
    require_columns(path, names, _REQUIRED)
    rows: dict[str, LabelRow] = {}
    stores: dict[str, int] = {}
    for line, cells in table:
        fields = dict(zip(names, cells, strict=False))
        word = fields.get("action", "").strip().lower()
        if word not in (*LabelAction, ""):
            raise PlanRefused(f"expected relabel or keep in line {line}, got {word!r}: nothing was done")
        # Whoever empties the cell wants nothing done.
        row = LabelRow(
            LabelAction(word or LabelAction.KEEP),
            unescaped(fields.get("key", "")),
            digest_of(fields.get("digest", ""), line),
            unescaped(fields.get("label", "")),
            unescaped(fields.get("to", "")),
            line,
        )
        if (other := rows.setdefault(row.key, row)) is not row:
            raise PlanRefused(
                f"expected one decision on {printable(row.key)}, got two in lines {other.line} and {line}: leave one "
                "of them"
            )
        if row.action is LabelAction.RELABEL and not row.to:
            raise PlanRefused(f"expected a label in the column `to` in line {line}, got none: write one, or keep")
        stores.setdefault(unescaped(fields.get("store", "")), line)
    return LabelPlan(one_store(stores), tuple(rows.values()))


def relabel(plan: LabelPlan, store: Store, *, undo: bool = False, dry_run: bool = False) -> LabelReport:
    """Relabel items as a plan says, or take that back; all in one transaction, or none.

    An item of another content or label than the plan's is left alone. Raise as `Store.relabel`.
    """
    changes: dict[str, str] = {}
    relabelled: list[tuple[str, str, str]] = []
    left: list[tuple[str, str]] = []
    before = 0
    for row in plan.rows:
        if row.action is LabelAction.KEEP:
            continue
        old, new = (row.to, row.label) if undo else (row.label, row.to)
        stored = store.sourced_items([row.key]).get(row.key)
        if stored is None or stored.item.content != row.digest:
            left.append((row.key, "it is no picture of the store's as the plan has it"))
        elif stored.item.label == new:
            before += 1
        elif stored.item.label != old:
            left.append((row.key, f"its label is {printable(stored.item.label or 'none')} by now"))
        else:
            changes[row.key] = new
            relabelled.append((row.key, old, new))
    if changes and not dry_run:
        store.relabel(changes)
    return LabelReport(plan.store, dry_run, undo, tuple(relabelled), tuple(left), before)
