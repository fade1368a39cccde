"""How labels are told apart: twenty colours, then the same in other shapes, those of the explorer."""

from dataclasses import dataclass

import numpy as np
from matplotlib.path import Path

from search.figures import palette

#: The dashes of a frame in points, the line first; none for a line without gaps.
Dashes = tuple[float, ...]


def _ring() -> Path:
    angles = np.linspace(0, 2 * np.pi, 33)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    # The hole turns the other way round, so that it is not filled.
    return Path.make_compound_path(Path(circle, closed=True), Path(0.5 * circle[::-1], closed=True))


#: A point's shape and a frame's dashes, for twenty labels each.
_SHAPES: tuple[tuple[str | Path, Dashes], ...] = (
    ("o", ()),
    ("s", (4, 1.5)),
    ("D", (1.5, 1.5)),
    ("^", (6, 1.5, 1.5, 1.5)),
    (_ring(), (2, 3)),
    ("P", (8, 4)),
)

#: How many labels can be told apart.
COUNT = len(_SHAPES) * len(palette.LABEL_COLOURS)


@dataclass(frozen=True)
class LabelStyle:
    """The colour of a label, the shape of its points, and the dashes of the frames of its pictures."""

    colour: str
    marker: str | Path = "o"
    dashes: Dashes = ()

    @property
    def line(self) -> "str | tuple[float, Dashes]":
        """Return a frame's line as matplotlib takes it."""
        return (0.0, self.dashes) if self.dashes else "-"


OTHERS = LabelStyle(palette.OTHERS)


def label_style(number: int) -> LabelStyle:
    """Return the style of the label of a number below COUNT."""
    shape, colour = divmod(number, len(palette.LABEL_COLOURS))
    return LabelStyle(palette.LABEL_COLOURS[colour], *_SHAPES[shape])
