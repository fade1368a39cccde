"""Find the pairs of items that are worth a second look.

A distance means little by itself: among letters many are near, among photographs few. So each is divided by what is
usual around both items, the distance of neighbours beyond the nearest few (local scaling, Zelnik-Manor and Perona,
"Self-tuning spectral clustering", 2004; copy detection calls it score normalisation). The nearest of each item are
candidates, and of those behind them, where many are equally near, the ones with the same sketch.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from search.curation.sketches import Sketches
from storage import Item, Neighbours, Store

#: Neighbours of each item that may be its copies, and those by whose distances its surroundings are judged.
NEAREST = 8
NEIGHBOURS = 16

#: Neighbours that may be copies if their sketches are at least so like, and how many of them.
BEHIND = 48
LIKENESS = 0.9
_MOST_BEHIND = 2

#: The most pairs, the nearest by ratio; as many are compared in a quarter of an hour or so.
MAX_PAIRS = 250_000


@dataclass(frozen=True)
class CandidatePairs:
    """Pairs of ids with the distance of each by its ids, the lower one first, and how many were left out.

    `usual` has what distance is usual around each item by its id.
    """

    distances: dict[tuple[int, int], float]
    usual: dict[int, float]
    left_out: int = 0

    def ratio(self, first: int, second: int, distance: float) -> float:
        """Return the distance of two items in units of what is usual around them."""
        return distance / float(np.sqrt(self.usual[first] * self.usual[second]))

    def sparsity(self, first: int, second: int) -> float:
        """Return what is usual around two items in units of what is usual in the store: low where it is crowded."""
        return float(np.sqrt(self.usual[first] * self.usual[second])) / self.usual_of_all

    @cached_property
    def usual_of_all(self) -> float:
        """Return the median of what distance is usual around the items."""
        return float(np.median(list(self.usual.values())))


def candidate_pairs(
    store: Store, items: Sequence[Item], different: Container[frozenset[bytes]] = frozenset()
) -> CandidatePairs:
    """Return the pairs of items near to each other for what is usual around them; `items` are all, in id order.

    Items of the same content are one, the first; no pair of contents in `different` is returned.
    """
    if len(items) < 2:
        return CandidatePairs({}, {})
    neighbours = store.neighbours_of_all(BEHIND)
    ids, count = neighbours.ids, len(neighbours.ids)
    first: dict[bytes, int] = {}
    representative = np.array([first.setdefault(item.content, row) for row, item in enumerate(items)])
    usual = usual_distances(neighbours.distances)
    others = representative[np.searchsorted(ids, neighbours.neighbours)]
    rows = np.broadcast_to(np.arange(count)[:, np.newaxis], others.shape)
    # The nearest of other contents: copies of the same file would leave no room for others.
    is_other = (others != representative[:, np.newaxis]) & (representative == np.arange(count))[:, np.newaxis]
    is_near = is_other & (np.cumsum(is_other, axis=1) <= NEAREST)
    if others.shape[1] > NEAREST:
        is_near |= _is_alike(store, neighbours, is_other & ~is_near)
    pairs, index = np.unique(
        np.sort(np.stack((rows[is_near], others[is_near]), axis=1), axis=1), axis=0, return_index=True
    )
    distances = neighbours.distances[is_near][index]
    ratios = distances / np.sqrt(usual[pairs[:, 0]] * usual[pairs[:, 1]])
    kept = np.arange(len(pairs))
    if different:
        contents = (frozenset((items[a].content, items[b].content)) for a, b in pairs.tolist())
        kept = kept[np.array([pair not in different for pair in contents], np.bool_)]
    nearest = np.sort(kept[np.argsort(ratios[kept], kind="stable")][:MAX_PAIRS])
    by_id = zip(*ids[pairs[nearest]].T.tolist(), strict=True)
    return CandidatePairs(
        dict(zip(by_id, distances[nearest].tolist(), strict=True)),
        dict(zip(ids.tolist(), usual.tolist(), strict=True)),
        len(kept) - len(nearest),
    )


def _is_alike(store: Store, neighbours: Neighbours, is_behind: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of the neighbours behind the nearest have the same sketch, (n, k), for each item a few."""
    sketches = Sketches(store, neighbours.ids.tolist())
    is_alike = np.zeros_like(is_behind)
    for row, id in enumerate(neighbours.ids.tolist()):
        behind = np.flatnonzero(is_behind[row])
        is_alike[row, behind[most_alike(sketches.likeness(id, neighbours.neighbours[row, behind].tolist()))]] = True
    return is_alike


def most_alike(likeness: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return which of some neighbours behind the nearest, by how like their sketches are, are worth a second look."""
    most = np.argsort(-likeness, kind="stable")[:_MOST_BEHIND]
    return most[likeness[most] >= LIKENESS]


def surroundings(store: Store) -> CandidatePairs:
    """Return no pairs, but what distance is usual around each item."""
    if len(store) < 2:
        return CandidatePairs({}, {})
    neighbours = store.neighbours_of_all(NEIGHBOURS)
    usual = usual_distances(neighbours.distances)
    return CandidatePairs({}, dict(zip(neighbours.ids.tolist(), usual.tolist(), strict=True)))


def usual_distances(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what distance is usual around each item, (n,), above 0, from those of its nearest neighbours, (n, k)."""
    distances = distances[:, :NEIGHBOURS]
    beyond = distances[:, min(NEAREST, distances.shape[1] // 2) :]
    return np.maximum(np.median(beyond, axis=1), np.finfo(np.float32).tiny)
