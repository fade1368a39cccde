"""The map: a t-SNE of the embeddings in two dimensions, coloured by label."""

from collections import Counter
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from search.errors import FigureUnusable
from search.figures import FAINT, FEW, INK, MANY, OTHER
from storage import Store
from storage.console import printable

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
    labels = np.array(
        [item.label if item.label is not None else "(no label)" for item in store.items(ids.tolist())], object
    )
    chosen = _stratified(labels, MOST_ITEMS)
    points = _tsne(vectors[chosen])
    shown = (
        f"{len(chosen):,} items" if len(chosen) == len(ids) else f"a sample of {len(chosen):,} of {len(ids):,} items"
    )
    return _scatter(points, labels[chosen], f"t-SNE of {shown}, recipe {store.embedding.name}")


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
    axes = figure.add_axes((0.03, 0.04, 0.80, 0.88))
    size = float(np.clip(30_000 / len(points), 4, 40))
    colours = _colours(labels)
    handles = []
    for name, colour in colours.items():
        mine = (
            labels == name
            if name is not None
            else ~np.isin(labels.astype(str), [str(one) for one in colours if one is not None])
        )
        axes.scatter(points[mine, 0], points[mine, 1], s=size, color=colour, linewidths=0, alpha=0.8)
        handles.append(axes.scatter([], [], s=40, color=colour, label=_shown(name) if name is not None else "others"))
        if name is not None and mine.sum() >= len(points) / 50:
            x, y = np.median(points[mine], axis=0)
            written = axes.text(x, y, _shown(name), ha="center", va="center", color=INK, fontsize=11, weight="bold")
            written.set_path_effects([withStroke(linewidth=3, foreground="white")])
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.03)
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.6)
    axes.set_title(title, color=INK, fontsize=12, loc="left", pad=10)
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        fontsize=10,
        borderaxespad=0,
        handletextpad=0.3,
    )
    return figure


def _colours(labels: NDArray[Any]) -> dict[str | None, Any]:
    """Return a colour for each label, in order; beyond twenty, the rarer ones are one grey group, None, drawn first."""
    counts = Counter(labels.tolist())
    if len(counts) <= len(MANY):
        return dict(zip(sorted(counts), FEW if len(counts) <= len(FEW) else MANY, strict=False))
    common = sorted(name for name, _ in counts.most_common(len(MANY) - 1))
    return {None: OTHER, **dict(zip(common, MANY, strict=False))}


def _shown(label: str) -> str:
    text = printable(label)
    # A dollar sign would begin a formula, an underscore hides an entry from the legend.
    return f"\u200b{text if len(text) <= 16 else text[:15] + '…'}".replace("$", r"\$")
