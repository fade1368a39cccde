"""Every item's nearest neighbours among all the others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.memory.snapshot import Snapshot
from storage.nearest import exact

#: Queries searched at once.
_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Ids of all items, `ids` (n,) int64 ascending, and in the same order the ids of each one's `neighbours`, (n, k).

    Neighbours are ordered by distance, then id; `distances` is (n, k) float64, Euclidean, not squared. In a store of
    fewer than k + 1 items, k is the number of the others.
    """

    ids: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    distances: NDArray[np.float64]


def neighbours_of_all(snapshot: Snapshot, k: int) -> Neighbours:
    """Return the k nearest neighbours of each item of a snapshot, excluding itself by position."""
    vectors, count = snapshot.index.vectors(), len(snapshot.ids)
    k = min(k, max(count - 1, 0))
    neighbours, distances = np.empty((count, k), np.int64), np.empty((count, k))
    for start in range(0, count if k else 0, _BLOCK):
        positions = np.arange(start, min(start + _BLOCK, count))
        queries = vectors[start : start + len(positions)]
        answers = exact.nearest(snapshot.index, queries, k, list(positions[:, np.newaxis]))
        for position, answer in zip(positions.tolist(), answers, strict=True):
            neighbours[position], distances[position] = snapshot.ids[answer[0]], answer[1]
    return Neighbours(snapshot.ids, neighbours, distances)
