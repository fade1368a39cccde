"""Compare the measurements of two reports: what got better or worse by more than the spread."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.common.measurement import HIGHER, NEITHER, Measurement
from benchmarks.errors import UnfitForBenchmark
from benchmarks.render import read_report
from storage.console import right_aligned

BETTER, WORSE, SAME = "better", "worse", "same"


@dataclass(frozen=True)
class Change:
    """A measurement of both reports, and its change as a share of the old value: 0.1 is a tenth more.

    The verdict is SAME if the two spreads overlap.
    """

    name: str
    old: Measurement
    new: Measurement
    verdict: str
    share: float


@dataclass(frozen=True)
class Comparison:
    """The changes of all measurements that both reports have, and the names of those that only one has.

    `allowed` is the share by which a measurement may get worse.
    """

    allowed: float
    same_machine: bool
    changes: tuple[Change, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def regressions(self) -> list[Change]:
        """Return the changes for the worse by more than the allowed share."""
        return [change for change in self.changes if change.verdict == WORSE and abs(change.share) > self.allowed]

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as JSON; the share of a change from 0 is null."""
        document = asdict(self) | {"ok": not self.regressions}
        for change in document["changes"]:
            change["share"] = change["share"] if math.isfinite(change["share"]) else None
        return document

    def table(self) -> Table:
        """Return the changes beyond the spread as a table to print, the worst first."""
        same = sum(change.verdict == SAME for change in self.changes)
        title = f"{len(self.changes)} measurements in both, {same} the same within their spread"
        table = Table("", *right_aligned("old", "new", "change"), "", title=title, title_justify="left")
        changes = [change for change in self.changes if change.verdict != SAME]
        for change in sorted(changes, key=lambda change: (change.verdict == BETTER, -abs(change.share))):
            verdict = "WORSE" if change in self.regressions else change.verdict
            table.add_row(change.name, str(change.old), str(change.new), f"{change.share:+.1%}", verdict)
        if not changes:
            table.add_row("no changes")
        return table


def compare_reports(old: Path, new: Path, allowed: float) -> Comparison:
    """Compare two files `report.json`; raise UnfitForBenchmark for another file, or if no measurement is in both."""
    old_report, new_report = read_report(old), read_report(new)
    before, after = _measurements(old_report, old), _measurements(new_report, new)
    changes = tuple(change_of(name, before[name], after[name]) for name in before if name in after)
    if not changes:
        raise UnfitForBenchmark(
            f"expected a measurement that {old} and {new} share, got none: compare reports of one kind"
        )
    return Comparison(
        allowed,
        old_report.get("machine", {}).get("processor") == new_report.get("machine", {}).get("processor"),
        changes,
        gone=tuple(name for name in before if name not in after),
        new=tuple(name for name in after if name not in before),
    )


def change_of(name: str, old: Measurement, new: Measurement) -> Change:
    """Return the change of one measurement, with its verdict."""
    difference = new.value - old.value
    share = _share(difference, abs(old.value))
    overlapping = old.low <= new.high and new.low <= old.high
    if overlapping or new.better == NEITHER:
        return Change(name, old, new, SAME, share)
    return Change(name, old, new, BETTER if (difference > 0) == (new.better == HIGHER) else WORSE, share)


def _share(difference: float, value: float) -> float:
    """Return a difference as a share of a value; of 0 it is infinite, unless the difference is 0 too."""
    if value:
        return difference / value
    return math.copysign(math.inf, difference) if difference else 0.0


def _measurements(report: Mapping[str, Any], path: Path) -> dict[str, Measurement]:
    try:
        return {name: Measurement(**fields) for name, fields in report["figures"].items()}
    except TypeError as error:
        raise UnfitForBenchmark(f"expected figures of this version in {path}, got {error}: measure again") from None
