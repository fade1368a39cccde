"""Find outliers: items that are far from everything else in the store.

An item's score is the distance of its k-th neighbour (Ramaswamy, Rastogi and Shim, "Efficient algorithms for mining
outliers from large data sets", 2000) in units of what is usual in the store, the median. The local outlier factor,
which compares it with the neighbours' own, misses outliers that are alike: of 15 digits of a kind that 5,000 others do
not have, its mean precision was 0.16 and that of the distance 0.71 (k = 20).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from search.notebook import MAX_STRIPS, html_strip, html_strips, html_title
from search.results import identity, plain_text, query_name
from search.searcher import Searcher
from search.store_thumbnails import StoreThumbnails, Thumbnails, no_thumbnails
from storage import Hit, Item, Neighbours
from storage.console import printable, right_aligned
from storage.types.items import checked_k

_Floats = NDArray[np.float64]

#: By default a group of so many items that are like each other only can be outliers.
DEFAULT_K = 20

#: Neighbours are sought for so many times k items, since copies of one file count once.
_WITH_COPIES = 2

#: Neighbours that are shown with an outlier.
_SHOWN = 7

#: How many are listed by default.
DEFAULT_LIMIT = 20


@dataclass(frozen=True)
class Outlier:
    """An item, the distance of its k-th neighbour, that in units of what is usual, and its nearest neighbours.

    `copies` are other items of the same file, which are not listed again.
    """

    item: Item
    score: float
    distance: float
    neighbours: tuple[Hit, ...]
    copies: tuple[Item, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the outlier as JSON."""
        return identity(self.item) | {
            "score": self.score,
            "distance": self.distance,
            "copies": [identity(copy) for copy in self.copies],
            "neighbours": [identity(hit) | {"distance": hit.distance} for hit in self.neighbours],
        }


@dataclass(frozen=True)
class Outliers:
    """The farthest of `item_count` items, the farthest first; `usual_distance` is the median of a k-th neighbour's."""

    k: int
    item_count: int
    usual_distance: float
    outliers: tuple[Outlier, ...]
    thumbnails: Thumbnails = field(default=no_thumbnails, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.summary()}\n{plain_text([self.table()])}"

    def _repr_html_(self) -> str:
        strips = [
            html_title(f"{query_name(outlier.item)}: {outlier.score:.2f} times as far as usual")
            + html_strip(query_name(outlier.item), outlier.neighbours, outlier.item, None, self.thumbnails)
            for outlier in self.outliers[:MAX_STRIPS]
        ]
        return html_strips(self.summary(), strips, len(self.outliers))

    def as_json(self) -> dict[str, Any]:
        """Return the outliers as JSON."""
        return {
            "k": self.k,
            "items": self.item_count,
            "usual_distance": self.usual_distance,
            "outliers": [outlier.as_json() for outlier in self.outliers],
        }

    def summary(self) -> str:
        """Return a line with the counts, and how far the outliers are."""
        if not self.outliers:
            return f"none of {self.item_count:,} items is so far from all others"
        count = len(self.outliers)
        items = f"the {count:,} of {self.item_count:,} items" if count > 1 else f"the one of {self.item_count:,} items"
        verb = "are" if count > 1 else "is"
        scores = sorted({f"{outlier.score:.2f}" for outlier in (self.outliers[0], self.outliers[-1])}, key=float)
        return f"{items} that {verb} farthest from all others, {' to '.join(scores)} times as far as usual:"

    def table(self) -> Table:
        """Return the outliers as a table to print."""
        table = Table(*right_aligned("score", "nearest"), "label", *right_aligned("id", "files"), "key")
        for outlier in self.outliers:
            item = outlier.item
            nearest = f"{outlier.neighbours[0].distance:.4f}"
            label, files = "-" if item.label is None else item.label, f"{1 + len(outlier.copies):,}"
            cells = (f"{outlier.score:.2f}", nearest, label, str(item.id), files, item.key)
            table.add_row(*(Text(printable(cell)) for cell in cells))
        return table


def find_outliers(
    searcher: Searcher, k: int = DEFAULT_K, *, min_score: float = 0.0, limit: int = DEFAULT_LIMIT
) -> Outliers:
    """Return the items whose k-th neighbour is farthest, at most `limit`, at least `min_score` times as far as usual.

    Files of the same bytes count as one, as an outlier and as a neighbour: copies do not hide an outlier. Among k other
    items or fewer the farthest counts. Raise InvalidQuery for k below 1.
    """
    store = searcher.store
    items = store.items()
    # Sought first in any store: an unusable k is refused in an empty one too.
    neighbours = store.neighbours_of_all(_WITH_COPIES * checked_k(k))
    by_id = {item.id: item for item in items}
    counted = _first_of_content(neighbours, by_id)
    distances = _kth_distances(neighbours, counted, k)
    usual = _usual(distances)
    scores = distances / usual
    is_far = (distances > 0) & (scores >= min_score)
    order = np.lexsort((neighbours.ids, -scores))
    items_of: dict[bytes, list[Item]] = defaultdict(list)
    for item in items:
        items_of[item.content].append(item)
    is_far &= np.array([items_of[by_id[id].content][0].id == id for id in neighbours.ids.tolist()], np.bool_)
    outliers = [
        Outlier(
            by_id[int(neighbours.ids[row])],
            float(scores[row]),
            float(distances[row]),
            tuple(_hits(neighbours, row, np.flatnonzero(counted[row])[:_SHOWN].tolist(), by_id)),
            tuple(items_of[by_id[int(neighbours.ids[row])].content][1:]),
        )
        for row in order[is_far[order]][:limit].tolist()
    ]
    return Outliers(k, len(neighbours.ids), usual, tuple(outliers), StoreThumbnails(store))


def _first_of_content(neighbours: Neighbours, items: dict[int, Item]) -> NDArray[np.bool_]:
    """Return which neighbours, (n, k), count: none of the item's own content, and of others the nearest of each."""
    ids, found = neighbours.ids, neighbours.neighbours
    numbers: dict[bytes, int] = {}
    content = np.array([numbers.setdefault(items[id].content, len(numbers)) for id in ids.tolist()], np.int64)
    if len(numbers) == len(ids):
        return np.ones(found.shape, np.bool_)
    others = content[np.searchsorted(ids, found)]
    counted = np.asarray(others != content[:, None], np.bool_)
    # Only rows with a repeated content are looked at one by one.
    for row in np.flatnonzero((np.diff(np.sort(others, axis=1), axis=1) == 0).any(axis=1)).tolist():
        _, first = np.unique(others[row], return_index=True)
        is_first = np.zeros(others.shape[1], np.bool_)
        is_first[first] = True
        counted[row] &= is_first
    return counted


def _kth_distances(neighbours: Neighbours, counted: NDArray[np.bool_], k: int) -> _Floats:
    """Return the distance of the k-th neighbour that counts of each item, (n,); of fewer the last, of none 0."""
    places = np.cumsum(counted, axis=1)
    within = counted & (places <= k)
    return np.asarray(np.where(within, neighbours.distances, 0.0).max(axis=1, initial=0.0), np.float64)


def _usual(distances: _Floats) -> float:
    """Return the median of the distances above 0, 1 if there is none."""
    positive = distances[distances > 0]
    return float(np.median(positive)) if len(positive) else 1.0


def _hits(neighbours: Neighbours, row: int, places: Sequence[int], items: dict[int, Item]) -> list[Hit]:
    found, distances = neighbours.neighbours[row, places].tolist(), neighbours.distances[row, places].tolist()
    pairs = [(items[id], distance) for id, distance in zip(found, distances, strict=True)]
    return [
        Hit(rank, item.id, item.key, item.label, distance, item.metadata)
        for rank, (item, distance) in enumerate(pairs, start=1)
    ]
