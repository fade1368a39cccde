"""Every item's nearest neighbours among all the others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.memory.batch_hits import ItemTexts
from storage.memory.gc_pause import gc_paused
from storage.memory.snapshot import Snapshot
from storage.nearest.answers import Answers
from storage.nearest.exact import nearest

#: Items whose rows are checked at once.
_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The k nearest neighbours of every item: row i of `neighbours`, (n, k) int64, has those of item `ids[i]`.

    `ids` is (n,) int64, ascending. Neighbours are ids, ordered by distance, then id; `distances` is (n, k) float64,
    Euclidean, not squared. In a store of n <= k items, k is n - 1. Keys and labels are arrays of objects, of which
    `keys` and `labels` are (n,), `neighbour_keys` and `neighbour_labels` (n, k); a missing label is None.
    """

    ids: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    distances: NDArray[np.float64]
    keys: NDArray[np.object_]
    labels: NDArray[np.object_]

    @property
    def neighbour_keys(self) -> NDArray[np.object_]:
        """Return the neighbours' keys, (n, k)."""
        return self.keys[np.searchsorted(self.ids, self.neighbours)]

    @property
    def neighbour_labels(self) -> NDArray[np.object_]:
        """Return the neighbours' labels, (n, k)."""
        return self.labels[np.searchsorted(self.ids, self.neighbours)]


def neighbours_of_all(snapshot: Snapshot, k: int) -> Neighbours:
    """Return the k nearest neighbours of each item of a snapshot, excluding itself by position; raise StoreCorrupt."""
    vectors, count = snapshot.index.vectors(), len(snapshot.ids)
    k = min(k, max(count - 1, 0))
    itself = list(np.arange(count)[:, np.newaxis])
    answers = nearest(snapshot.index, vectors, k, itself) if k else Answers.of([])
    neighbours, distances = snapshot.ids[answers.positions].reshape(count, k), answers.distances.reshape(count, k)
    keys, labels = np.empty((2, count), object)
    for start in range(0, count, _BLOCK):
        block = np.arange(start, min(start + _BLOCK, count))
        texts = ItemTexts()
        with gc_paused():
            texts.add(snapshot.checked_rows(block))
        keys[block], labels[block] = texts.keys, texts.labels
    return Neighbours(snapshot.ids, neighbours, distances, keys, labels)
