"""The query beside its neighbours, as in the notebook: pictures, labels, distances."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ingest.images import Image, decode
from search.errors import FigureUnusable
from search.figures import FAINT, INK, RIGHT, WRONG
from search.lettering import families, legible
from search.results import QueryResult

_CELL = 1.35
_CAPTION = 0.52
_MARGIN = 0.18
_GAP = 0.08
_QUERY_GAP = 0.3


def draw_neighbours(results: Sequence[QueryResult], thumbnails: Mapping[int, bytes]) -> Figure:
    """Draw each query with its hits in a row; a hit is green when its label is the query's, red when it is not.

    `thumbnails` holds PNGs by item id. Raise FigureUnusable when there is nothing to draw.
    """
    columns = max((len(result.hits) for result in results), default=0)
    if not columns:
        raise FigureUnusable("expected at least one neighbour to draw, got none: the store holds no other item")
    row_height = _CELL + _CAPTION
    width = 2 * _MARGIN + _CELL * (columns + 1) + _QUERY_GAP + _GAP * (columns - 1)
    height = 2 * _MARGIN + row_height * len(results)
    figure = Figure(figsize=(width, height), facecolor="white")

    def cell(row: int, column: int) -> Axes:
        left = _MARGIN + column * (_CELL + _GAP) + (_QUERY_GAP - _GAP if column else 0)
        bottom = height - _MARGIN - (row + 1) * row_height + _CAPTION
        axes = figure.add_axes((left / width, bottom / height, _CELL / width, _CELL / height))
        axes.set_xticks([])
        axes.set_yticks([])
        return axes

    for row, result in enumerate(results):
        label = result.item.label if result.item else None
        own = thumbnails.get(result.item.id) if result.item else None
        _picture(cell(row, 0), result.image if result.image is not None else _decoded(own), INK, 2.0)
        caption = "query" if label is None else f"query: {_short(label)}"
        _caption(figure.axes[-1], caption, f"id {result.item.id}" if result.item else "", INK)
        for column, hit in enumerate(result.hits, start=1):
            known = label is not None and hit.label is not None
            colour = (RIGHT if hit.label == label else WRONG) if known else FAINT
            axes = cell(row, column)
            _picture(axes, _decoded(thumbnails.get(hit.id)), colour, 2.0 if known else 0.8)
            _caption(
                axes, _short(hit.label) if hit.label is not None else f"id {hit.id}", f"{hit.distance:.3f}", colour
            )
    return figure


def _decoded(png: bytes | None) -> Image | None:
    return None if png is None else decode(png, "a thumbnail")


def _picture(axes: Axes, image: Image | None, colour: str, line: float) -> None:
    for spine in axes.spines.values():
        spine.set(color=colour, linewidth=line)
    if image is None:
        axes.text(0.5, 0.5, "no picture", ha="center", va="center", color=FAINT, fontsize=8, transform=axes.transAxes)
        return
    # Few pixels are shown as they are, many are smoothed.
    smooth = "nearest" if max(image.shape[:2]) <= 64 else "antialiased"
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation=smooth, aspect="equal")
    axes.set_anchor("C")


def _caption(axes: Axes, first: str, second: str, colour: str) -> None:
    """Write two lines below a cell, in the same place whatever the shape of the picture in it."""
    cell = axes.get_position(original=True)
    middle, below = cell.x0 + cell.width / 2, cell.y0
    label = axes.figure.text(middle, below - 0.06 * cell.height, first, ha="center", va="top", color=colour)
    label.set(fontfamily=families(), fontsize=9, weight="bold")
    axes.figure.text(middle, below - 0.20 * cell.height, second, ha="center", va="top", color=FAINT, fontsize=8)


def _short(label: str) -> str:
    return legible(label, 14, "bold")
