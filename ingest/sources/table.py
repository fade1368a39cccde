"""The rows of a manifest, in any file format."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ingest.errors import SourceUnusable
from storage.console import printable
from storage.types.items import Scalar
from storage.types.storable import name_problem

#: The columns that are no metadata.
_ITEM_COLUMNS = ("path", "label")


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: its number as an editor shows it, the image's path and label, and the other columns as metadata.

    `problem` says why a row cannot be used.
    """

    number: int
    path: str = ""
    label: str | None = None
    metadata: dict[str, Scalar] = field(default_factory=dict)
    problem: str | None = None


#: What the values of a column are read as.
NUMBERS, TRUTH_VALUES, TEXTS, NOTHING = "numbers", "truth values", "texts", "nothing"


class Table(Protocol):
    """Rows that can be iterated repeatedly, in the same order, and what the columns of their metadata are read as."""

    @property
    def column_kinds(self) -> Mapping[str, str]:
        """What the values of each column are read as, by its name."""
        ...

    def __iter__(self) -> Iterator[TableRow]:
        """Iterate over the rows; raise SourceUnusable when the file is damaged."""
        ...


def columns_line(kinds: Mapping[str, str]) -> str:
    """Return what columns are read as, in one line."""
    names: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        names.setdefault(kind, []).append(printable(name))
    return "columns read as " + "; as ".join(f"{kind}: {', '.join(columns)}" for kind, columns in names.items())


def require_columns(names: Sequence[str], file: str) -> None:
    """Raise SourceUnusable unless there is a column `path`, and every name is unique and can name metadata."""
    given = preview(names)
    if "path" not in names:
        raise SourceUnusable(f"expected a column path in {file}, got {given}")
    if len(set(names)) != len(names):
        raise SourceUnusable(f"expected each column once in {file}, got {given}")
    for name in names:
        if name not in _ITEM_COLUMNS and (problem := name_problem(name)) is not None:
            raise SourceUnusable(
                f"expected columns that can be stored in {file}, got {printable(name)[:40]}: {problem}"
            )


def preview(names: Sequence[str]) -> str:
    """Return the first ten names, each cut to 40 characters, for a message."""
    return ", ".join(printable(name)[:40] for name in names[:10]) or "none"
