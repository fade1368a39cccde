"""The map: a t-SNE of the embeddings in two dimensions, coloured by label, as dots or as pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from search.errors import FigureUnusable
from search.figures.figure_file import FAINT, INK
from search.figures.gallery import MARGIN, TITLE_POINTS, TITLE_ROOM
from search.figures.legend import LabelGroup, label_groups
from search.figures.mosaic import draw_mosaic, mosaic
from search.figures.text_fitting import families, legible, width_of
from search.figures.tsne import Points, tsne
from storage import Store

#: Above this, a sample is drawn that keeps each label's share: t-SNE of more takes many minutes and shows no more.
MOST_ITEMS = 10_000

_FEWEST_ITEMS = 5

#: Inches.
_SIDE = 7.2
_LEGEND_GAP = 0.15
_HANDLE = 0.2

_LEGEND_POINTS = 10

_NAME_POINTS = 11

#: A group's name is written at its median if at least so large a part of all items are in it, if at least so large a
#: part of it lies around the median, and if at least so large a part of what lies there is in it.
_LARGE = 1 / 50
_GATHERED = 0.1
_PURE = 0.6
_AROUND = 0.06


def draw_map(store: Store, *, thumbnails: bool = False) -> Figure:
    """Draw the map of a store; raise FigureUnusable when it holds too few items.

    With `thumbnails` the items' pictures are laid out on a grid, each in its place or near it, in a frame of its
    label's colour; of a large store, those that would lie on others are left out.
    """
    ids, vectors = store.all_vectors()
    if len(ids) < _FEWEST_ITEMS:
        raise FigureUnusable(f"expected at least {_FEWEST_ITEMS} items to draw a map, got {len(ids)}: ingest more")
    labels = np.array([item.label for item in store.items(ids.tolist())], object)
    chosen = _stratified(labels, MOST_ITEMS)
    ids, labels = ids[chosen], labels[chosen]
    points = _in_square(tsne(vectors[chosen]))
    groups = label_groups(labels.tolist())
    shown = (
        f"{len(chosen):,} items" if len(vectors) == len(ids) else f"a sample of {len(ids):,} of {len(vectors):,} items"
    )
    title = f"t-SNE of {shown}, recipe {legible(store.embedding.name, 40)}"
    if not thumbnails:
        figure, axes = _frame(groups, title)
        _dots(axes, points, groups)
        return figure
    pieces = mosaic(points)
    pictures = store.thumbnails(ids[[piece.item for piece in pieces]].tolist())
    figure, axes = _frame(groups, f"{title}, {len(pieces):,} pictures")
    colours = {int(item): group.colour for group in groups for item in np.flatnonzero(group.mine)}
    draw_mosaic(axes, pieces, [pictures.get(int(ids[piece.item])) for piece in pieces], colours)
    return figure


def _stratified(labels: NDArray[Any], most: int) -> NDArray[np.int64]:
    """Return the positions of all items, or of `most` of them, spread evenly over the labels."""
    if len(labels) <= most:
        return np.arange(len(labels))
    by_label = np.argsort(labels.astype(str), kind="stable")
    spread: NDArray[np.int64] = np.sort(by_label[np.linspace(0, len(labels) - 1, most).astype(np.int64)])
    return spread


def _in_square(points: Points) -> Points:
    """Return points, (n, 2), moved and scaled as a whole so that they fill a square from 0 to 1."""
    low, high = points.min(axis=0), points.max(axis=0)
    reach = max(float((high - low).max()), float(np.finfo(np.float32).tiny))
    return np.asarray((points - (low + high) / 2) / reach + 0.5, np.float32)


def _frame(groups: Sequence[LabelGroup], title: str) -> tuple[Figure, Axes]:
    """Return a figure with a title, an empty map from 0 to 1, and a legend that has just the room that it needs."""
    legend = max(width_of(group.name, _LEGEND_POINTS) for group in groups) + _HANDLE
    width = MARGIN + _SIDE + _LEGEND_GAP + legend + MARGIN
    height = MARGIN + TITLE_ROOM + _SIDE + MARGIN
    figure = Figure(figsize=(width, height), facecolor="white")
    axes = figure.add_axes((MARGIN / width, MARGIN / height, _SIDE / width, _SIDE / height))
    axes.set(xticks=[], yticks=[], xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.6)
    written = figure.text(MARGIN / width, 1 - MARGIN / height, title, ha="left", va="top", color=INK)
    written.set(fontfamily=families(), fontsize=TITLE_POINTS)
    # An underscore at the start would hide an entry from the legend.
    handles = [
        Line2D([], [], ls="", marker="o", ms=6.5, mew=0, color=group.colour, label=f"\u200b{group.name}")
        for group in groups
    ]
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1 + _LEGEND_GAP / _SIDE, 1.0),
        frameon=False,
        prop=FontProperties(family=families(), size=_LEGEND_POINTS),
        labelcolor=INK,
        borderpad=0,
        borderaxespad=0,
        handlelength=0.8,
        handletextpad=0.5,
    )
    return figure, axes


def _dots(axes: Axes, points: Points, groups: Sequence[LabelGroup]) -> None:
    size = float(np.clip(30_000 / len(points), 4, 40))
    for group in groups:
        mine = points[group.mine]
        axes.scatter(mine[:, 0], mine[:, 1], s=size, color=group.colour, linewidths=0, alpha=0.8)
    _names(axes, points, groups)


def _names(axes: Axes, points: Points, groups: Sequence[LabelGroup]) -> None:
    """Write the names of the groups that lie together, the largest first; one that would touch another is left out."""
    written: list[tuple[float, float, float]] = []
    for group in sorted(groups, key=lambda group: -int(group.mine.sum())):
        if group.rest or group.mine.sum() < len(points) * _LARGE:
            continue
        x, y = np.median(points[group.mine], axis=0).tolist()
        around = np.linalg.norm(points - (x, y), axis=1) < _AROUND
        half = width_of(group.bold_name, _NAME_POINTS, "bold") / _SIDE / 2
        free = all(abs(x - other) > half + reach or abs(y - level) > 0.03 for other, level, reach in written)
        here = int(group.mine[around].sum())
        if here < max(1, _GATHERED * group.mine.sum()) or here < _PURE * around.sum() or not free:
            continue
        written.append((x, y, half))
        name = axes.text(x, y, group.bold_name, ha="center", va="center", color=INK)
        name.set(fontfamily=families(), fontsize=_NAME_POINTS, weight="bold")
        name.set_path_effects([withStroke(linewidth=3, foreground="white")])
