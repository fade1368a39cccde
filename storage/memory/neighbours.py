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
    """The k nearest neighbours of every item: row i of `neighbours`, (n, k) int64, has those of item `ids[i]`.

    `ids` is (n,) int64, ascending. Neighbours are ids, ordered by distance, then id; `distances` is (n, k) float64,
    Euclidean, not squared. In a store of n <= k items, k is n - 1.
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
