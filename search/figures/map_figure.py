"""A map of a store: the t-SNE of its embeddings, coloured by label, as dots or as a mosaic of thumbnails."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from search.errors import FigureUnusable
from search.figures.gallery import MARGIN, TITLE_HEIGHT, decode_thumbnail, draw_title
from search.figures.legend import LabelGroup, label_groups
from search.figures.mosaic import draw_mosaic, mosaic_cells
from search.figures.palette import FAINT, INK
from search.figures.stratified_sample import stratified_sample
from search.figures.text_fitting import fit_letters, font_families, text_width
from search.figures.tsne import Points, tsne
from search.selected_ids import selected_ids
from storage import Store, Where

#: A larger store is represented by a stratified sample: t-SNE of more items takes many minutes and shows no more.
MAX_ITEMS = 10_000

_MIN_ITEMS = 5

#: Items whose thumbnails are looked for together.
_PAGE = 1000

# Lengths are in inches, type sizes in points.
_SIDE = 7.2
_LEGEND_GAP = 0.15
_HANDLE = 0.2

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


def draw_map(store: Store, *, thumbnails: bool = False, where: Where | None = None) -> Figure:
    """Draw the map of a store, or of its items that fulfil a filter.

    Raise FigureUnusable for fewer than five items, or without a thumbnail to draw, and what a query with the filter
    raises.

    With `thumbnails`, draw images on a grid instead of dots, each in a frame of its label's colour in or near the cell
    of its point; if a large store has more images than the grid has cells, some are omitted.
    """
    ids, vectors = store.all_vectors()
    if where:
        ids = selected_ids(store, where)
        vectors = store.vectors(ids.tolist())
    if len(ids) < _MIN_ITEMS:
        advice = "use another filter" if where else "ingest more"
        raise FigureUnusable(f"expected at least {_MIN_ITEMS} items to draw a map, got {len(ids)}: {advice}")
    if thumbnails and not _has_thumbnails(store, ids.tolist()):
        raise FigureUnusable("expected thumbnails to draw, got a store without any: leave --thumbnails out")
    labels = np.array([item.label for item in store.items(ids.tolist())], object)
    sample = stratified_sample(labels.tolist(), MAX_ITEMS)
    ids, labels = ids[sample], labels[sample]
    points = _scale_to_unit_square(tsne(vectors[sample]))
    groups = label_groups(labels.tolist())
    items = f"{len(ids):,} items" if len(ids) == len(vectors) else f"a sample of {len(ids):,} of {len(vectors):,} items"
    title = f"t-SNE of {items}, recipe {fit_letters(store.embedding.name, 40)}"
    if not thumbnails:
        figure, axes = _empty_map(groups, title)
        _draw_dots(axes, points, groups)
        return figure
    cells = mosaic_cells(points)
    shown = ids[[cell.position for cell in cells]].tolist()
    pngs = store.thumbnails(shown)
    images = [decode_thumbnail(pngs, id) for id in shown]
    count = sum(image is not None for image in images)
    figure, axes = _empty_map(groups, f"{title}, {count:,} pictures")
    colours = {int(position): group.colour for group in groups for position in np.flatnonzero(group.mask)}
    draw_mosaic(axes, cells, images, colours)
    return figure


def _has_thumbnails(store: Store, ids: Sequence[int]) -> bool:
    """Return whether any of these items has a thumbnail."""
    return any(store.thumbnails(ids[start : start + _PAGE]) for start in range(0, len(ids), _PAGE))


def _scale_to_unit_square(points: Points) -> Points:
    """Return points, (n, 2), centred in the square from 0 to 1 and scaled alike in both directions to fill it."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = max(float((high - low).max()), float(np.finfo(np.float32).tiny))
    return np.asarray((points - (low + high) / 2) / extent + 0.5, np.float32)


def _empty_map(groups: Sequence[LabelGroup], title: str) -> tuple[Figure, Axes]:
    """Return a figure with a title, empty axes from 0 to 1, and a legend in a margin just wide enough for it."""
    legend = max(text_width(group.name, _LEGEND_SIZE) for group in groups) + _HANDLE
    width = MARGIN + _SIDE + _LEGEND_GAP + legend + MARGIN
    height = MARGIN + TITLE_HEIGHT + _SIDE + MARGIN
    figure = Figure(figsize=(width, height), facecolor="white")
    axes = figure.add_axes((MARGIN / width, MARGIN / height, _SIDE / width, _SIDE / height))
    axes.set(xticks=[], yticks=[], xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.6)
    draw_title(figure, title)
    # matplotlib hides legend entries that begin with an underscore, hence the zero-width space.
    handles = [
        Line2D([], [], ls="", marker="o", ms=6.5, mew=0, color=group.colour, label=f"\u200b{group.name}")
        for group in groups
    ]
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1 + _LEGEND_GAP / _SIDE, 1.0),
        frameon=False,
        prop=FontProperties(family=font_families(), size=_LEGEND_SIZE),
        labelcolor=INK,
        borderpad=0,
        borderaxespad=0,
        handlelength=0.8,
        handletextpad=0.5,
    )
    return figure, axes


def _draw_dots(axes: Axes, points: Points, groups: Sequence[LabelGroup]) -> None:
    size = float(np.clip(30_000 / len(points), 4, 40))
    for group in groups:
        x, y = points[group.mask].T
        axes.scatter(x, y, s=size, color=group.colour, linewidths=0, alpha=0.8)
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
