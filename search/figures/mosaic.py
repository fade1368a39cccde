"""A mosaic: images on a grid, each in or near the cell of its point, none overlapping another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ingest.images.images import Image
from search.figures.gallery import interpolation
from search.figures.label_styles import LabelStyle
from search.figures.palette import INK
from search.figures.text_fitting import fit_width, font_families
from search.map_places.tsne import Points

#: Cells along a side: enough for all images of a small store, but no more than leave an image recognizable.
_MIN_CELLS = 8
MAX_CELLS = 34

#: Cells per image when all are shown: free cells let the map keep its shape.
_CELLS_PER_IMAGE = 1.7

#: Share of a cell's side that an image fills.
FILL = 0.9

#: The height in inches of a name below a picture, and its type size in points.
NAME_HEIGHT = 0.12
_NAME_SIZE = 6.5


@dataclass(frozen=True)
class Cell:
    """A cell of the grid: the position of the point in it, and its left and lower edges and its side from 0 to 1."""

    position: int
    left: float
    bottom: float
    side: float


@dataclass(frozen=True)
class Content:
    """What is drawn in a cell: an image if there is one, in the style of its label, with a name or none below it."""

    image: Image | None
    style: LabelStyle
    name: str | None = None


def cells_along_side(count: int, max_cells: int = MAX_CELLS) -> int:
    """Return how many cells along a side a grid for so many points has."""
    return int(np.clip(_needed(count), _MIN_CELLS, max_cells))


def _needed(count: int) -> int:
    return int(np.ceil(np.sqrt(_CELLS_PER_IMAGE * count)))


def mosaic_cells(points: Points, max_cells: int = MAX_CELLS) -> list[Cell]:
    """Return the occupied cells of a grid over points, (n, 2) from 0 to 1, in the order of the points.

    A cell goes to the point in it that is nearest to its centre. Each other point gets the nearest free cell if the
    grid has cells for all points, and is dropped otherwise.
    """
    size = cells_along_side(len(points), max_cells)
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
    for position in displaced if _needed(len(points)) <= max_cells else ():
        distances = np.where(free, np.linalg.norm(points[position] - centres, axis=1), np.inf)
        occupied[position] = int(distances.argmin())
        free[occupied[position]] = False
    return [
        Cell(position, cell % size / size, cell // size / size, 1 / size) for position, cell in sorted(occupied.items())
    ]


def draw_mosaic(axes: Axes, cells: Sequence[Cell], contents: Sequence[Content], inches: float) -> None:
    """Draw each cell's image in a frame of its label's style, on axes whose unit is so many inches wide.

    Without an image the frame is filled.
    """
    for cell, content in zip(cells, contents, strict=True):
        image, style = content.image, content.style
        below = 0.0 if content.name is None else NAME_HEIGHT / inches
        longest = FILL * (cell.side - below)
        rows, columns = image.shape[:2] if image is not None else (1, 1)
        width, height = (longest * pixels / max(rows, columns) for pixels in (columns, rows))
        left, bottom = cell.left + (cell.side - width) / 2, cell.bottom + below + (cell.side - below - height) / 2
        if image is not None:
            extent = (left, left + width, bottom, bottom + height)
            axes.imshow(image, extent=extent, aspect="auto", interpolation=interpolation(image), zorder=1)
        fill = "none" if image is not None else style.colour
        axes.add_patch(
            Rectangle(
                *((left, bottom), width, height),
                facecolor=fill,
                edgecolor=style.colour,
                linewidth=1.2,
                linestyle=style.line,
                zorder=2,
            )
        )
        if content.name is not None:
            name = fit_width(content.name, 0.96 * cell.side * inches, _NAME_SIZE)
            text = axes.text(cell.left + cell.side / 2, bottom - 0.02 / inches, name, ha="center", va="top", color=INK)
            text.set(fontfamily=font_families(), fontsize=_NAME_SIZE)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
