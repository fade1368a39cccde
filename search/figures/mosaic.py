"""A mosaic: images on a grid, each in or near the cell of its point, none overlapping another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ingest.images.images import Image
from search.figures.gallery import interpolation
from search.figures.palette import FAINT
from search.figures.tsne import Points

#: Cells along a side: enough for all images of a small store, but no more than leave an image recognizable.
_MIN_CELLS = 8
_MAX_CELLS = 34

#: Cells per image when all are shown: free cells let the map keep its shape.
_CELLS_PER_IMAGE = 1.7

#: Share of a cell's side that an image fills.
_FILL = 0.9


@dataclass(frozen=True)
class Cell:
    """A cell of the grid: the position of the point in it, and its left and lower edges and its side from 0 to 1."""

    position: int
    left: float
    bottom: float
    side: float


def mosaic_cells(points: Points) -> list[Cell]:
    """Return the occupied cells of a grid over points, (n, 2) from 0 to 1, in the order of the points.

    A cell goes to the point in it that is nearest to its centre. Each other point gets the nearest free cell if the
    grid has cells for all points, and is dropped otherwise.
    """
    needed = int(np.ceil(np.sqrt(_CELLS_PER_IMAGE * len(points))))
    size = int(np.clip(needed, _MIN_CELLS, _MAX_CELLS))
    columns, rows = np.clip((points * size).astype(np.int64), 0, size - 1).T
    centres = (np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1).reshape(-1, 2) + 0.5) / size
    home = rows * size + columns
    free = np.ones(size**2, np.bool_)
    occupied: dict[int, int] = {}
    displaced = []
    for position in np.argsort(np.linalg.norm(points - centres[home], axis=1), kind="stable").tolist():
        if free[home[position]]:
            occupied[position], free[home[position]] = int(home[position]), False
        else:
            displaced.append(position)
    for position in displaced if needed <= _MAX_CELLS else ():
        distances = np.where(free, np.linalg.norm(points[position] - centres, axis=1), np.inf)
        occupied[position] = int(distances.argmin())
        free[occupied[position]] = False
    return [
        Cell(position, cell % size / size, cell // size / size, 1 / size) for position, cell in sorted(occupied.items())
    ]


def draw_mosaic(axes: Axes, cells: Sequence[Cell], images: Sequence[Image | None], colours: Mapping[int, str]) -> None:
    """Draw each cell's image in a frame of the colour of its position; without an image the frame is filled."""
    for cell, image in zip(cells, images, strict=True):
        colour = colours.get(cell.position, FAINT)
        rows, columns = image.shape[:2] if image is not None else (1, 1)
        width, height = (_FILL * cell.side * pixels / max(rows, columns) for pixels in (columns, rows))
        left, bottom = cell.left + (cell.side - width) / 2, cell.bottom + (cell.side - height) / 2
        if image is not None:
            extent = (left, left + width, bottom, bottom + height)
            axes.imshow(image, extent=extent, aspect="auto", interpolation=interpolation(image), zorder=1)
        fill = "none" if image is not None else colour
        axes.add_patch(
            Rectangle((left, bottom), width, height, facecolor=fill, edgecolor=colour, linewidth=1.2, zorder=2)
        )
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
