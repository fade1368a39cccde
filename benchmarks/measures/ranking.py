"""Rank stored vectors for queries, exactly and as deep as a label has items, and judge the order by the labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Queries that are ranked together: their distances to 100,000 vectors are 200 MB.
_AT_ONCE = 256


@dataclass(frozen=True)
class Ranking:
    """Whether each query's hits have its label, (queries, depth) bool, nearest first; and how many items have it."""

    right: NDArray[np.bool_]
    relevant: NDArray[np.int64]

    @property
    def first(self) -> NDArray[np.bool_]:
        """Tell for each query whether its nearest neighbour has its label."""
        return self.right[:, 0]

    def recall_at(self, k: int) -> float:
        """Return the share of queries with a hit of their own label among the first k."""
        return float(self.right[:, :k].any(axis=1).mean())

    def mean_average_precision(self, k: int) -> float:
        """Return mAP@k; see `metrics.py`."""
        return self._average_precision(np.minimum(k, self.relevant), np.full(len(self.relevant), k))

    def mean_average_precision_at_r(self) -> float:
        """Return mAP@R: of each query as many hits are judged as items have its label.

        Musgrave, Belongie and Lim, "A Metric Learning Reality Check", 2020, section 3.2.
        """
        return self._average_precision(self.relevant, self.relevant)

    def _average_precision(self, possible: NDArray[np.int64], judged: NDArray[np.int64]) -> float:
        ranks = np.arange(1, self.right.shape[1] + 1)
        total = 0.0
        # Some queries at a time: with thousands of relevant items each, all at once would take gigabytes.
        for start in range(0, len(self.right), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            right = self.right[some] & (ranks <= judged[some, np.newaxis])
            precision = np.cumsum(right, axis=1) / ranks
            total += float(((precision * right).sum(axis=1) / np.maximum(possible[some], 1)).sum())
        return total / len(self.right)


def rank(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    queries: NDArray[np.float32],
    wanted: NDArray[np.int64],
    at_least: int,
) -> Ranking:
    """Rank vectors (n, d) for queries (q, d) by Euclidean distance in float64, and judge them by their labels.

    The ranking is as deep as the most frequent label has items, or `at_least` if there are so many. Equal distances
    are ordered by place.
    """
    relevant = np.bincount(labels, minlength=max(int(labels.max()), int(wanted.max())) + 1)[wanted]
    depth = min(len(vectors), max(at_least, int(relevant.max())))
    stored = vectors.astype(np.float64)
    norms = np.square(stored).sum(axis=1)
    right = np.empty((len(queries), depth), np.bool_)
    for start in range(0, len(queries), _AT_ONCE):
        some = queries[start : start + _AT_ONCE].astype(np.float64)
        # The squared distance less the query's own norm: the same order.
        distances = norms - 2 * (some @ stored.T)
        for place, row in enumerate(distances, start=start):
            nearest = np.sort(np.argpartition(row, depth - 1)[:depth])
            order = nearest[np.argsort(row[nearest], kind="stable")]
            right[place] = labels[order] == wanted[place]
    return Ranking(right, relevant)
