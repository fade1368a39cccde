"""What applying a plan, or taking it back, did or would do with each file."""

from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from search.plans.file_spot import FileSpot
from search.plans.journal import How
from storage.console import counted, printable, right_aligned

#: Rows of a table; --json has all.
_TABLE_ROWS = 50

_DID = {How.MOVE: "moved", How.TRASH: "moved to the trash", How.LINK: "replaced by hard links"}


@dataclass(frozen=True, slots=True)
class FileResult:
    """A file and where it was moved to or what it is linked to now, or the problem for which it was left alone.

    `line` is that of the plan, `size` in bytes; `before` says that an earlier run did it.
    """

    spot: FileSpot
    line: int | None = None
    size: int = 0
    target: FileSpot | None = None
    problem: str | None = None
    before: bool = False

    @property
    def done(self) -> bool:
        """Return whether this run did what was asked, or would."""
        return self.problem is None and not self.before

    def as_json(self) -> dict[str, Any]:
        """Return the result as JSON; bytes of a path that are no UTF-8 are escaped."""
        fields = {"path": _text(self.spot), "to": None if self.target is None else _text(self.target)}
        more = {"line": self.line} if self.line is not None else {}
        return more | fields | {"size": self.size, "before": self.before, "problem": self.problem}


def _text(spot: FileSpot) -> str:
    return str(spot).encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True)
class _Report:
    """What became of each file; `different` counts pairs, `resumed` the files of an interrupted run."""

    store: str
    how: How
    dry_run: bool
    files: tuple[FileResult, ...]
    different: int
    resumed: int

    @property
    def problems(self) -> int:
        """Return how many files were left alone."""
        return sum(file.problem is not None for file in self.files)

    @property
    def _done(self) -> int:
        return sum(file.done for file in self.files)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "store": self.store,
            "how": str(self.how),
            "dry_run": self.dry_run,
            "done": self._done,
            "bytes": sum(file.size for file in self.files if file.done),
            "left": self.problems,
            "different": self.different,
            "resumed": self.resumed,
            "files": [file.as_json() for file in self.files],
        }

    def table(self) -> Table:
        """Return the files as a table to print."""
        table = Table(*right_aligned("line"), "file", "to, or why it is left alone")
        for file in sorted(self.files, key=lambda file: file.problem is None)[:_TABLE_ROWS]:
            note = file.problem or ("done before" if file.before else "" if file.target is None else _text(file.target))
            line = "" if file.line is None else str(file.line)
            table.add_row(*(Text(printable(cell)) for cell in (line, _text(file.spot), note)))
        return table


class ApplyReport(_Report):
    """What applying a plan did."""

    def summary(self) -> str:
        """Return a line with the counts."""
        size = sum(file.size for file in self.files if file.done) / 2**20
        verb = "would be " if self.dry_run else ""
        text = f"{counted(self._done, 'file')} ({size:,.1f} MiB) {verb}{_DID[self.how]}, {self.problems:,} left alone"
        before = sum(file.before for file in self.files)
        text += f", {before:,} done before" if before else ""
        text += f", {counted(self.resumed, 'file')} of an interrupted run brought to an end" if self.resumed else ""
        if self.different:
            text += f"; {counted(self.different, 'pair')} {verb}remembered as different"
        return text + ("; run it again with --yes to do so" if self.dry_run and (self._done or self.different) else "")


@dataclass(frozen=True)
class UndoReport(_Report):
    """What taking a plan back did; `items` counts those that came back to the store."""

    items: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return super().as_json() | {"items": self.items}

    def summary(self) -> str:
        """Return a line with the counts."""
        verb = "would be " if self.dry_run else ""
        text = f"{counted(self._done, 'file')} {verb}put back, {self.problems:,} left alone"
        text += f", {counted(self.resumed, 'file')} of an interrupted run brought to an end" if self.resumed else ""
        if self.different:
            text += f"; {counted(self.different, 'pair')} {verb}forgotten as different"
        if self.dry_run:
            return text + "; run it again with --yes to do so"
        waiting = self._done - self.items if self.how is not How.LINK else 0
        return text + (f"; {_items(waiting)} with the next `lookalike ingest`" if waiting else "")


def _items(count: int) -> str:
    return "1 item comes back" if count == 1 else f"{count:,} items come back"
