"""What got better or worse from one report to another, beyond the spread of the figures."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.common.measurement import HIGHER, NEITHER, Measurement
from benchmarks.errors import UnfitForBenchmark

BETTER, WORSE, SAME = "better", "worse", "same"


@dataclass(frozen=True)
class Change:
    """A figure of both reports. `verdict` is beyond the spread: the two do not overlap. `share` is how much, of old."""

    name: str
    old: Measurement
    new: Measurement
    verdict: str
    share: float


@dataclass(frozen=True)
class Comparison:
    """All figures that two reports share, and the names of those that only one has.

    `allowed` is the share by which a figure may get worse.
    """

    allowed: float
    same_machine: bool
    changes: tuple[Change, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def too_bad(self) -> list[Change]:
        """Return the figures that got worse beyond their spread by more than is allowed."""
        return [change for change in self.changes if change.verdict == WORSE and abs(change.share) > self.allowed]

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as JSON; a share of nothing is null."""
        document = asdict(self) | {"ok": not self.too_bad}
        for change in document["changes"]:
            change["share"] = change["share"] if abs(change["share"]) != float("inf") else None
        return document

    def table(self) -> Table:
        """Return what changed as a table to print, the worst first."""
        same = sum(change.verdict == SAME for change in self.changes)
        title = f"{len(self.changes)} figures in both, {same} the same within their spread"
        table = Table(title=title, title_justify="left")
        for name in ("", "old", "new", "change", ""):
            table.add_column(name, justify="right" if name else "left")
        changed = [change for change in self.changes if change.verdict != SAME]
        for change in sorted(changed, key=lambda change: (change.verdict == BETTER, -abs(change.share))):
            loud = "WORSE" if change in self.too_bad else change.verdict
            table.add_row(change.name, change.old.shown(), change.new.shown(), f"{change.share:+.1%}", loud)
        if not changed:
            table.add_row("nothing beyond it")
        return table


def compare(old: Path, new: Path, allowed: float) -> Comparison:
    """Compare two `report.json`; raise UnfitForBenchmark for a file that is none, or without a figure in common."""
    before, after = _document(old), _document(new)
    theirs, ours = _figures(before, old), _figures(after, new)
    changes = tuple(changed(name, theirs[name], ours[name]) for name in theirs if name in ours)
    if not changes:
        raise UnfitForBenchmark(f"expected a figure that {old} and {new} share, got none: compare reports of one kind")
    return Comparison(
        allowed,
        before.get("machine", {}).get("processor") == after.get("machine", {}).get("processor"),
        changes,
        tuple(name for name in theirs if name not in ours),
        tuple(name for name in ours if name not in theirs),
    )


def changed(name: str, old: Measurement, new: Measurement) -> Change:
    """Return the change of one figure."""
    grown = new.value - old.value
    share = grown / abs(old.value) if old.value else float("inf") * grown if grown else 0.0
    apart = new.low > old.high or new.high < old.low
    if not apart or new.better == NEITHER:
        return Change(name, old, new, SAME, share)
    return Change(name, old, new, BETTER if (grown > 0) == (new.better == HIGHER) else WORSE, share)


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UnfitForBenchmark(f"expected a report at {path}, got {error}: give a report.json") from None
    if not isinstance(document, dict) or not isinstance(document.get("figures"), dict):
        raise UnfitForBenchmark(f"expected a report with figures at {path}, got none: write it with `benchmarks all`")
    return document


def _figures(document: Mapping[str, Any], path: Path) -> dict[str, Measurement]:
    try:
        return {name: Measurement(**figure) for name, figure in document["figures"].items()}
    except TypeError as error:
        raise UnfitForBenchmark(f"expected figures of this version in {path}, got {error}: measure again") from None
