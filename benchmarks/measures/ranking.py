"""Rank stored vectors for queries by exact distance, and score whether the hits have the query's label."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RECALL_AT = (1, 5, 10)

#: Hits of a query that are scored by mAP@k.
DEPTH = max(RECALL_AT)

#: Queries ranked together: their distances to 100,000 vectors take 200 MB.
_CHUNK = 256


@dataclass(frozen=True)
class Ranking:
    """Whether each query's hits have its label, (queries, depth) bool, nearest first.

    `relevant`, (queries,) int64, counts the stored items of the query's label.
    """

    right: NDArray[np.bool_]
    relevant: NDArray[np.int64]

    @property
    def first(self) -> NDArray[np.bool_]:
        """Return whether each query's nearest neighbour has its label, (queries,) bool."""
        return self.right[:, 0]

    def recall_at(self, k: int) -> float:
        """Return the share of queries with a hit of their own label among the first k."""
        return float(self.right[:, :k].any(axis=1).mean())

    def mean_average_precision(self, k: int) -> float:
        """Return mAP@k, the mean of the queries' average precision.

        This is the sum of the precision at each right hit among the first k, divided by the largest possible number of
        right hits, min(k, relevant). Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008,
        section 8.4.
        """
        return self._average_precision(np.minimum(k, self.relevant), np.full(len(self.relevant), k))

    def mean_average_precision_at_r(self) -> float:
        """Return mAP@R: each query is scored on as many hits as there are items of its label.

        Musgrave, Belongie and Lim, "A Metric Learning Reality Check", 2020, section 3.2.
        """
        return self._average_precision(self.relevant, self.relevant)

    def _average_precision(self, possible: NDArray[np.int64], depths: NDArray[np.int64]) -> float:
        """Return the mean over the queries; `possible` right hits among the first `depths`, both (queries,)."""
        ranks = np.arange(1, self.right.shape[1] + 1)
        total = 0.0
        # In chunks: with thousands of relevant items a query, all of them together would take gigabytes.
        for start in range(0, len(self.right), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            right = self.right[chunk] & (ranks <= depths[chunk, np.newaxis])
            precision = np.cumsum(right, axis=1) / ranks
            total += float(((precision * right).sum(axis=1) / np.maximum(possible[chunk], 1)).sum())
        return total / len(self.right)


def rank(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    queries: NDArray[np.float32],
    query_labels: NDArray[np.int64],
    min_depth: int,
) -> Ranking:
    """Rank vectors (n, d) for queries (q, d) by Euclidean distance in float64, and compare their labels, (n,) and (q,).

    The depth is the item count of the queries' most frequent label, at least `min_depth`, at most n. Equal distances
    are ordered by position.
    """
    relevant = np.bincount(labels, minlength=max(int(labels.max()), int(query_labels.max())) + 1)[query_labels]
    depth = min(len(vectors), max(min_depth, int(relevant.max())))
    stored = vectors.astype(np.float64)
    norms = np.square(stored).sum(axis=1)
    right = np.empty((len(queries), depth), np.bool_)
    for start in range(0, len(queries), _CHUNK):
        chunk = queries[start : start + _CHUNK].astype(np.float64)
        # Squared distances without the query's own norm: the order is the same.
        distances = norms - 2 * (chunk @ stored.T)
        for position, row in enumerate(distances, start=start):
            nearest = np.sort(np.argpartition(row, depth - 1)[:depth])
            order = nearest[np.argsort(row[nearest], kind="stable")]
            right[position] = labels[order] == query_labels[position]
    return Ranking(right, relevant)
