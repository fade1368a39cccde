"""What a manifest's rows are, whatever the file's format."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ingest.errors import SourceUnusable
from storage.console import printable
from storage.types.items import Scalar


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its number as an editor shows it, the image's path, its label, and every other column.

    `problem` says what is wrong with a row that cannot be read.
    """

    number: int
    path: str = ""
    label: str | None = None
    metadata: dict[str, Scalar] = field(default_factory=dict)
    problem: str | None = None


class Table(Protocol):
    """Rows that can be walked again and again in the same order; raise SourceUnusable when the file is damaged."""

    def __iter__(self) -> Iterator[TableRow]:
        """Walk the rows, from the first each time."""
        ...


def require_columns(names: Sequence[str], file: str) -> None:
    """Raise SourceUnusable unless there is a column `path`, and no two have the same name."""
    shown = shown_names(names)
    if "path" not in names:
        raise SourceUnusable(f"expected a column path in {file}, got {shown}")
    if len(set(names)) != len(names):
        raise SourceUnusable(f"expected each column once in {file}, got {shown}")


def shown_names(names: Sequence[str]) -> str:
    """Return the first few of the names in a file, cut to a length that fits a line."""
    return ", ".join(printable(name)[:40] for name in names[:10]) or "none"
