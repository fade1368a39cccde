"""The map: a t-SNE of the embeddings in two dimensions, coloured by label."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from search.errors import FigureUnusable
from search.figures import FAINT, FEW, INK, MANY, OTHER
from search.lettering import Weight, families, legible
from storage import Store

PERPLEXITY = 30
SEED = 31

#: Above this, a sample is drawn that keeps each label's share: t-SNE of more takes many minutes and shows no more.
MOST_ITEMS = 10_000

_FEWEST_ITEMS = 5


def draw_map(store: Store) -> Figure:
    """Draw the map of a store; raise FigureUnusable when it holds too few items.

    t-SNE as in the notebook: van der Maaten and Hinton, "Visualizing Data using t-SNE", 2008; perplexity 30, seed 31.
    """
    ids, vectors = store.all_vectors()
    if len(ids) < _FEWEST_ITEMS:
        raise FigureUnusable(f"expected at least {_FEWEST_ITEMS} items to draw a map, got {len(ids)}: ingest more")
    labels = np.array([item.label for item in store.items(ids.tolist())], object)
    chosen = _stratified(labels, MOST_ITEMS)
    points = _tsne(vectors[chosen])
    shown = (
        f"{len(chosen):,} items" if len(chosen) == len(ids) else f"a sample of {len(chosen):,} of {len(ids):,} items"
    )
    return _scatter(points, labels[chosen], f"t-SNE of {shown}, recipe {legible(store.embedding.name, 40)}")


def _stratified(labels: NDArray[Any], most: int) -> NDArray[np.int64]:
    """Return the positions of all items, or of `most` of them, spread evenly over the labels."""
    if len(labels) <= most:
        return np.arange(len(labels))
    by_label = np.argsort(labels.astype(str), kind="stable")
    spread: NDArray[np.int64] = np.sort(by_label[np.linspace(0, len(labels) - 1, most).astype(np.int64)])
    return spread


def _tsne(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    # Imported here: scikit-learn takes a second to load, and only a map needs it.
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    points: NDArray[np.float32] = TSNE(
        n_components=2, perplexity=perplexity, init="pca", random_state=SEED
    ).fit_transform(np.array(vectors))
    return points


def _scatter(points: NDArray[np.float32], labels: NDArray[Any], title: str) -> Figure:
    figure = Figure(figsize=(8.6, 7.2), facecolor="white")
    axes = figure.add_axes((0.03, 0.04, 0.765, 0.88))
    size = float(np.clip(30_000 / len(points), 4, 40))
    handles = []
    for group in _groups(labels.tolist()):
        mine = points[group.mine]
        axes.scatter(mine[:, 0], mine[:, 1], s=size, color=group.colour, linewidths=0, alpha=0.8)
        # An underscore at the start would hide an entry from the legend.
        handles.append(axes.scatter([], [], s=40, color=group.colour, label=f"\u200b{group.named('normal')}"))
        if not group.rest and len(mine) >= len(points) / 50:
            x, y = np.median(mine, axis=0)
            written = axes.text(x, y, group.named("bold"), ha="center", va="center", color=INK)
            written.set(fontfamily=families(), fontsize=11, weight="bold")
            written.set_path_effects([withStroke(linewidth=3, foreground="white")])
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.03)
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.6)
    axes.set_title(title, color=INK, fontsize=12, loc="left", pad=10, fontfamily=families())
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        prop=FontProperties(family=families(), size=10),
        borderaxespad=0,
        handlelength=1,
        handletextpad=0.4,
    )
    return figure


@dataclass(frozen=True)
class _Group:
    """Items in one colour: those of one label, or, where `rest` is true, of all labels that have no colour."""

    label: str | None
    colour: Any
    mine: NDArray[np.bool_]
    rest: bool = False

    def named(self, weight: Weight) -> str:
        """Return what the group is called."""
        if self.rest:
            return "others"
        return legible(self.label, 14, weight) if self.label is not None else "(no label)"


def _groups(labels: Sequence[str | None]) -> list[_Group]:
    """Return a group for each label, in order; beyond twenty, the rarer ones are one grey group, which comes first."""
    counts = Counter(labels)
    many = len(counts) > len(MANY)
    coloured = dict(counts.most_common(len(MANY) - 1)) if many else counts
    ordered = sorted(coloured, key=lambda label: (label is not None, label or ""))
    palette = FEW if len(counts) <= len(FEW) else MANY
    groups = [
        _Group(label, colour, np.array([one == label for one in labels]))
        for label, colour in zip(ordered, palette, strict=False)
    ]
    rest = _Group(None, OTHER, np.array([one not in coloured for one in labels]), rest=True)
    return [rest, *groups] if many else groups
