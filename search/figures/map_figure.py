"""A map of a store: the t-SNE of its embeddings, coloured by label, as dots or as a mosaic of thumbnails."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from search.errors import FigureUnusable
from search.figures.figure_file import DPI
from search.figures.gallery import MARGIN, TITLE_HEIGHT, decode_thumbnail, draw_title
from search.figures.legend import LabelGroup, label_groups
from search.figures.mosaic import (
    FILL,
    MAX_CELLS,
    NAME_HEIGHT,
    Content,
    cells_along_side,
    draw_mosaic,
    mosaic_cells,
)
from search.figures.palette import FAINT, INK
from search.figures.stratified_sample import stratified_sample
from search.figures.text_fitting import fit_letters, font_families, text_width
from search.map_places.places import EXTENT, map_places
from search.map_places.tsne import Points
from search.selected_ids import selected_ids
from storage import Item, Store, Where

#: A larger store is represented by a stratified sample: t-SNE of more items takes many minutes and shows no more.
MAX_ITEMS = 10_000

_MIN_ITEMS = 5

#: The longer side of a picture in pixels: the least, the most, and with a name if no other is wanted.
MIN_SIZE = 16
MAX_SIZE = 512
_SIZE_WITH_NAMES = 96

#: The side of the largest map in pixels: while it is drawn it takes 4 bytes a pixel, several times.
_MAX_PIXELS = 8000

#: Items whose thumbnails are looked for together.
_PAGE = 1000

# Lengths are in inches, type sizes in points.
_SIDE = 7.2
_LEGEND_GAP = 0.15
_LEGEND_LINE = 0.22
_COLUMN_GAP = 0.2
_HANDLE = 0.2

#: The axes' width in units of the map: from -0.02 to 1.02.
_EXTENT = 1.04

_LEGEND_SIZE = 10
_NAME_SIZE = 11

#: A group's name is written at its median point if the group has at least _MIN_SHARE of all items, at least _MIN_NEAR
#: of its items lie within _RADIUS of the median, and at least _MIN_PURITY of all items there belong to it.
_MIN_SHARE = 1 / 50
_MIN_NEAR = 0.1
_MIN_PURITY = 0.6
_RADIUS = 0.06

#: The smallest distance of two names' baselines unless they are side by side.
_LINE_HEIGHT = 0.03


@dataclass(frozen=True)
class Pictures:
    """How a map's pictures are drawn: their longer side in pixels, None for as many as fit, and with file names or not.

    With a size the map grows until all pictures have a cell, up to 8,000 pixels a side.
    """

    size: int | None = None
    names: bool = False

    def __post_init__(self) -> None:
        if self.size is not None and not MIN_SIZE <= self.size <= MAX_SIZE:
            raise FigureUnusable(f"expected pictures of {MIN_SIZE} to {MAX_SIZE} pixels a side, got {self.size}")

    @property
    def side(self) -> int | None:
        """Return the longer side of a picture in pixels; beside names it must leave room for these."""
        return _SIZE_WITH_NAMES if self.names and self.size is None else self.size

    @property
    def cell(self) -> float | None:
        """Return the side of a cell in inches, None for as many as fit."""
        return None if self.side is None else self.side / DPI / FILL + NAME_HEIGHT * self.names

    @property
    def max_cells(self) -> int:
        """Return how many cells a side of the map may have."""
        return MAX_CELLS if self.cell is None else int(_MAX_PIXELS / DPI / self.cell)


def draw_map(store: Store, *, pictures: Pictures | None = None, where: Where | None = None) -> Figure:
    """Draw the map of a store, or of its items that fulfil a filter.

    Raise FigureUnusable for fewer than five items, or without a thumbnail to draw, and what a query with the filter
    raises.

    With `pictures`, draw thumbnails on a grid instead of dots, each in a frame of its label's style in or near the cell
    of its point; if a large store has more images than the grid has cells, some are omitted.
    """
    ids, vectors = store.all_vectors()
    if where:
        ids = selected_ids(store, where)
        vectors = store.vectors(ids.tolist())
    if len(ids) < _MIN_ITEMS:
        advice = "use another filter" if where else "ingest more"
        raise FigureUnusable(f"expected at least {_MIN_ITEMS} items to draw a map, got {len(ids)}: {advice}")
    if pictures and not _has_thumbnails(store, ids.tolist()):
        raise FigureUnusable("expected thumbnails to draw, got a store without any: leave --thumbnails out")
    items = store.items(ids.tolist())
    sample = stratified_sample([item.label for item in items], MAX_ITEMS)
    shown = [items[position] for position in sample]
    points = (map_places(store, ids[sample], vectors[sample]).coordinates / EXTENT).astype(np.float32)
    # The y of a figure grows upwards.
    points[:, 1] = 1 - points[:, 1]
    groups = label_groups([item.label for item in shown])
    counts = f"{len(ids):,} items" if len(shown) == len(ids) else f"a sample of {len(shown):,} of {len(ids):,} items"
    title = f"t-SNE of {counts}, recipe {fit_letters(store.embedding.name, 40)}"
    if pictures:
        return _mosaic_map(store, shown, points, groups, pictures, title)
    handles = [
        Line2D([], [], ls="", marker=group.style.marker, ms=6.5, mew=0, color=group.style.colour, label=_entry(group))
        for group in groups
    ]
    figure, axes = _empty_map(handles, groups, title)
    _draw_dots(axes, points, groups)
    return figure


def _mosaic_map(
    store: Store,
    items: Sequence[Item],
    points: Points,
    groups: Sequence[LabelGroup],
    pictures: Pictures,
    title: str,
) -> Figure:
    """Draw a map of thumbnails."""
    cells = mosaic_cells(points, pictures.max_cells)
    side = _SIDE if pictures.cell is None else pictures.cell * cells_along_side(len(points), pictures.max_cells)
    shown = [items[cell.position] for cell in cells]
    pngs = store.thumbnails([item.id for item in shown])
    images = [decode_thumbnail(pngs, item.id) for item in shown]
    handles = [
        Patch(facecolor="none", edgecolor=group.style.colour, ls=group.style.line, lw=1.2, label=_entry(group))
        for group in groups
    ]
    count = sum(image is not None for image in images)
    figure, axes = _empty_map(handles, groups, f"{title}, {count:,} pictures", max(side, _SIDE))
    styles = {int(position): group.style for group in groups for position in np.flatnonzero(group.mask)}
    contents = [
        Content(image, styles[cell.position], item.key.rpartition("/")[2] if pictures.names else None)
        for cell, item, image in zip(cells, shown, images, strict=True)
    ]
    draw_mosaic(axes, cells, contents, max(side, _SIDE) / _EXTENT)
    return figure


def _has_thumbnails(store: Store, ids: Sequence[int]) -> bool:
    """Return whether any of these items has a thumbnail."""
    return any(store.thumbnails(ids[start : start + _PAGE]) for start in range(0, len(ids), _PAGE))


def _entry(group: LabelGroup) -> str:
    # matplotlib hides legend entries that begin with an underscore, hence the zero-width space.
    return f"\u200b{group.name}"


def _empty_map(
    handles: Sequence[Artist], groups: Sequence[LabelGroup], title: str, side: float = _SIDE
) -> tuple[Figure, Axes]:
    """Return a figure with a title, empty axes from 0 to 1, and a legend in a margin just wide enough for it."""
    columns = ceil(len(groups) / int(side / _LEGEND_LINE))
    name = max(text_width(group.name, _LEGEND_SIZE) for group in groups)
    legend = columns * (name + _HANDLE) + (columns - 1) * _COLUMN_GAP
    width = MARGIN + side + _LEGEND_GAP + legend + MARGIN
    height = MARGIN + TITLE_HEIGHT + side + MARGIN
    figure = Figure(figsize=(width, height), facecolor="white")
    axes = figure.add_axes((MARGIN / width, MARGIN / height, side / width, side / height))
    axes.set(xticks=[], yticks=[], xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.6)
    draw_title(figure, title)
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1 + _LEGEND_GAP / side, 1.0),
        frameon=False,
        prop=FontProperties(family=font_families(), size=_LEGEND_SIZE),
        labelcolor=INK,
        borderpad=0,
        borderaxespad=0,
        handlelength=0.8,
        handletextpad=0.5,
        ncols=columns,
        columnspacing=_COLUMN_GAP * 72 / _LEGEND_SIZE,
    )
    return figure, axes


def _draw_dots(axes: Axes, points: Points, groups: Sequence[LabelGroup]) -> None:
    size = float(np.clip(30_000 / len(points), 4, 40))
    for group in groups:
        x, y = points[group.mask].T
        axes.scatter(x, y, s=size, color=group.style.colour, marker=group.style.marker, linewidths=0, alpha=0.8)
    _draw_names(axes, points, groups)


def _draw_names(axes: Axes, points: Points, groups: Sequence[LabelGroup]) -> None:
    """Write the names of the groups whose points lie close together, the largest first, without overlaps."""
    names: list[tuple[float, float, float]] = []
    for group in sorted(groups, key=lambda group: -int(group.mask.sum())):
        size = int(group.mask.sum())
        if group.others or size < len(points) * _MIN_SHARE:
            continue
        x, y = np.median(points[group.mask], axis=0).tolist()
        near = np.linalg.norm(points - (x, y), axis=1) < _RADIUS
        own = int(group.mask[near].sum())
        half = text_width(group.bold_name, _NAME_SIZE, "bold") / _SIDE / 2
        free = all(
            abs(x - other_x) > half + other_half or abs(y - other_y) > _LINE_HEIGHT
            for other_x, other_y, other_half in names
        )
        if own < max(1, _MIN_NEAR * size) or own < _MIN_PURITY * near.sum() or not free:
            continue
        names.append((x, y, half))
        text = axes.text(x, y, group.bold_name, ha="center", va="center", color=INK)
        text.set(fontfamily=font_families(), fontsize=_NAME_SIZE, weight="bold")
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])
