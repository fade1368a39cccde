"""A section of the report: texts, tables and pictures, rendered as Markdown and as HTML."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True)
class Text:
    """A paragraph; a `faint` one is a note in grey."""

    text: str
    faint: bool = False
    kind: str = "text"


@dataclass(frozen=True)
class Heading:
    """A heading within the section."""

    text: str
    kind: str = "heading"


@dataclass(frozen=True)
class Grid:
    """A table of texts; the first column names the row, and the cells of the `strong` column are set in bold."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    strong: int | None = None
    kind: str = "grid"


def grid_of(rows: Sequence[Row], columns: Mapping[str, Callable[[Row], str]], strong: int | None = None) -> Grid:
    """Return a table with a row for each element; `columns` has a function for each title that returns the cell."""
    return Grid(list(columns), [tuple(cell(row) for cell in columns.values()) for row in rows], strong)


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix: counts by true label (rows) and predicted label (columns)."""

    labels: Sequence[str]
    counts: Sequence[Sequence[int]]
    kind: str = "confusion"


@dataclass(frozen=True)
class Picture:
    """A picture with its file name: a PNG, or an SVG that follows the page's colour scheme."""

    name: str
    data: bytes
    alt: str
    caption: str
    kind: str = "picture"

    @property
    def is_svg(self) -> bool:
        """Return whether the picture is an SVG."""
        return self.name.endswith(".svg")


@dataclass(frozen=True)
class Page:
    """A page beside the report, and the text of the link to it."""

    name: str
    data: bytes
    text: str
    kind: str = "page"


Block = Text | Heading | Grid | Confusion | Picture | Page


@dataclass(frozen=True)
class Section:
    """The blocks of a part, from top to bottom."""

    blocks: Sequence[Block]

    @property
    def pictures(self) -> list[Picture]:
        """Return the section's pictures."""
        return [block for block in self.blocks if isinstance(block, Picture)]

    @property
    def files(self) -> dict[str, bytes]:
        """Return the files of the section's pictures and pages by their names."""
        return {block.name: block.data for block in self.blocks if isinstance(block, Picture | Page)}
