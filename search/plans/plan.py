"""A plan: what shall become of each file of groups of duplicates, as people decide it."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from search.curation.different_pairs import Pair
from search.errors import PlanRefused
from search.plans.file_spot import FileSpot, is_below
from storage.console import printable


class Action(StrEnum):
    """What shall become of a file: `different` says that it is no duplicate of the others of its group.

    `set aside` takes a file of which no copy is kept, such as an outlier: only people say so.
    """

    KEEP = "keep"
    REMOVE = "remove"
    SET_ASIDE = "set aside"
    DIFFERENT = "different"

    @property
    def takes_away(self) -> bool:
        """Return whether the file leaves its place."""
        return self in (Action.REMOVE, Action.SET_ASIDE)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A file of a group.

    `kind` and `confidence` say how it is like the one to keep; `root` is the folder of its source, and `key` its path
    below that; both are None for an item that is not a file. `digest` is the sha256 of its bytes, `size` counts them.
    `line` is that of the plan's file.
    """

    group: str
    action: Action
    key: str
    digest: bytes
    root: str | None = None
    kind: str = ""
    confidence: float | None = None
    reason: str = ""
    label: str | None = None
    size: int | None = None
    line: int = 0

    @property
    def spot(self) -> FileSpot:
        """Return where the file is; raise PlanRefused if the item is no file."""
        if self.root is None:
            raise PlanRefused(
                f"expected to remove files, got {printable(self.key)} in line {self.line}, which is no file of its "
                "own: keep it, or delete its item with `lookalike store delete`"
            )
        return FileSpot(self.root, self.key)


@dataclass(frozen=True)
class Plan:
    """A plan for one store, given by its folder; its rows do not contradict each other (`checked_plan`)."""

    store: str
    rows: tuple[PlanRow, ...]

    @property
    def digest(self) -> str:
        """Return the sha256 of what the plan decides, in hexadecimal; notes and the order of columns do not count."""
        rows = sorted([row.group, row.action, row.key, row.root or "", row.digest.hex()] for row in self.rows)
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    def groups(self) -> list[list[PlanRow]]:
        """Return the rows of each group, in the plan's order."""
        groups: dict[str, list[PlanRow]] = defaultdict(list)
        for row in self.rows:
            groups[row.group].append(row)
        return list(groups.values())

    def different_pairs(self) -> Iterator[Pair]:
        """Yield the contents of each pair of files that are no duplicates: one called `different`, and any other."""
        for rows in self.groups():
            for index, row in enumerate(rows):
                for other in rows[:index]:
                    if Action.DIFFERENT in (row.action, other.action):
                        yield frozenset((row.digest, other.digest))


def checked_plan(store: str, rows: Sequence[PlanRow]) -> Plan:
    """Return a plan; raise PlanRefused for one that contradicts itself, such as a group of which nothing is kept."""
    plan = Plan(store, tuple(rows))
    files: dict[tuple[str | None, str], PlanRow] = {}
    for row in rows:
        if row.root is not None and not is_below(row.key):
            raise PlanRefused(
                f"expected the path of a file below {printable(row.root)}, got {printable(row.key)} in line "
                f"{row.line}: make the plan again"
            )
        other = files.setdefault((row.root, row.key), row)
        if other is not row and (row.action.takes_away or other.action.takes_away):
            raise PlanRefused(
                f"expected one decision on {printable(row.key)}, got {other.action} in line {other.line} and "
                f"{row.action} in line {row.line}: leave one of the two"
            )
        if other.digest != row.digest:
            raise PlanRefused(
                f"expected one content of {printable(row.key)}, got two in lines {other.line} and {row.line}: make the "
                "plan again"
            )
    for group in plan.groups():
        removed = [row for row in group if row.action is Action.REMOVE]
        if removed and not any(row.action is Action.KEEP for row in group):
            raise PlanRefused(
                f"expected a file to keep in each group, got none in group {printable(removed[0].group)} (line "
                f"{removed[0].line}): keep one of it, or call the others different"
            )
        for row in group:
            if row.action.takes_away:
                _ = row.spot
    return plan
