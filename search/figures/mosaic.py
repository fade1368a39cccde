"""Pictures in the places of points, on a grid, so that none lies on another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from search.figures.figure_file import FAINT
from search.figures.gallery import interpolation, picture
from search.figures.tsne import Points

#: Cells along a side: for a small store, as many as show all its pictures; at most as many as can be made out.
_FEWEST_CELLS = 8
_MOST_CELLS = 34

#: How many cells there are for each picture when all are shown, so that the map keeps its shape.
_ROOM = 1.7

#: The part of a cell's side that a picture fills.
_FILLED = 0.9


@dataclass(frozen=True)
class Piece:
    """Which item is shown in a cell, by position, and the cell's left, lower edge and side, from 0 to 1."""

    item: int
    left: float
    lower: float
    side: float


def mosaic(points: Points) -> list[Piece]:
    """Return the pieces of a grid over points, (n, 2) from 0 to 1.

    Each point takes the cell that it lies in, those nearest to a cell's middle first. The others take the nearest cell
    that is free, as long as all have room that way; otherwise they are left out.
    """
    wanted = int(np.ceil(np.sqrt(_ROOM * len(points))))
    cells = int(np.clip(wanted, _FEWEST_CELLS, _MOST_CELLS))
    columns, rows = np.clip((points * cells).astype(np.int64), 0, cells - 1).T
    middles = (np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), axis=-1).reshape(-1, 2) + 0.5) / cells
    own = rows * cells + columns
    free = np.ones(cells**2, np.bool_)
    taken: dict[int, int] = {}
    late = []
    for item in np.argsort(np.linalg.norm(points - middles[own], axis=1), kind="stable").tolist():
        if free[own[item]]:
            taken[item], free[own[item]] = int(own[item]), False
        else:
            late.append(item)
    for item in late if wanted <= _MOST_CELLS else ():
        away = np.where(free, np.linalg.norm(points[item] - middles, axis=1), np.inf)
        taken[item] = int(away.argmin())
        free[taken[item]] = False
    return [Piece(item, cell % cells / cells, cell // cells / cells, 1 / cells) for item, cell in sorted(taken.items())]


def draw_mosaic(
    axes: Axes, pieces: Sequence[Piece], thumbnails: Sequence[bytes | None], colours: Mapping[int, str]
) -> None:
    """Draw each piece's PNG in a frame of its item's colour; without one, the frame is filled with the colour."""
    for piece, png in zip(pieces, thumbnails, strict=True):
        image = picture(png)
        colour = colours.get(piece.item, FAINT)
        height, width = image.shape[:2] if image is not None else (1, 1)
        wide, high = (_FILLED * piece.side * side / max(height, width) for side in (width, height))
        left, lower = piece.left + (piece.side - wide) / 2, piece.lower + (piece.side - high) / 2
        if image is not None:
            extent = (left, left + wide, lower, lower + high)
            axes.imshow(image, extent=extent, aspect="auto", interpolation=interpolation(image), zorder=1)
        filled = "none" if image is not None else colour
        axes.add_patch(
            Rectangle((left, lower), wide, high, facecolor=filled, edgecolor=colour, linewidth=1.2, zorder=2)
        )
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
