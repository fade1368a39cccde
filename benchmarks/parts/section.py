"""A part of the report as a reader sees it: texts, tables and pictures, the same in Markdown and HTML."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A paragraph; a `faint` one is a remark."""

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
    """A table of texts; the first column names the row. Cells of the `strong` column are the ones to look at."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    strong: int | None = None
    kind: str = "grid"


@dataclass(frozen=True)
class Confusion:
    """How often each label, down, was taken for each, across."""

    labels: Sequence[str]
    counts: Sequence[Sequence[int]]
    kind: str = "confusion"


@dataclass(frozen=True)
class Picture:
    """A picture by the name of its file: a PNG, or an SVG that suits light and dark."""

    name: str
    data: bytes
    alt: str
    caption: str
    kind: str = "picture"

    @property
    def is_svg(self) -> bool:
        """Tell whether it is drawn with lines rather than pixels."""
        return self.name.endswith(".svg")


Block = Text | Heading | Grid | Confusion | Picture


@dataclass(frozen=True)
class Section:
    """What a part says, from top to bottom."""

    blocks: Sequence[Block]

    @property
    def pictures(self) -> list[Picture]:
        """Return the pictures, each a file of its own."""
        return [block for block in self.blocks if isinstance(block, Picture)]
