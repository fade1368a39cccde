"""Every item's nearest neighbours among all the others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.memory.snapshot import Snapshot
from storage.nearest import exact

#: Queries asked at once.
_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Item `ids[n]`, of (n,) int64 ascending, and the ids of its neighbours, `neighbours[n]` of (n, k) int64.

    They are ordered by distance, then id; `distances` is (n, k) float64, Euclidean, not squared. In a store of fewer
    than k + 1 items k is the number of the others.
    """

    ids: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    distances: NDArray[np.float64]


def neighbours_of_all(snapshot: Snapshot, k: int) -> Neighbours:
    """Return the k nearest neighbours of each item of a snapshot, itself left out by its place."""
    vectors, count = snapshot.index.vectors(), len(snapshot.ids)
    width = min(k, max(count - 1, 0))
    neighbours, distances = np.empty((count, width), np.int64), np.empty((count, width))
    for start in range(0, count if width else 0, _BLOCK):
        some = range(start, min(start + _BLOCK, count))
        answers = exact.nearest(
            snapshot.index, vectors[some.start : some.stop], width, [np.array([place]) for place in some]
        )
        for place, (found, far) in zip(some, answers, strict=True):
            neighbours[place], distances[place] = snapshot.ids[found], far
    return Neighbours(snapshot.ids, neighbours, distances)
