"""Canonical answers within a radius: decided in float64, also at the border, whatever the index returns."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from storage.nearest.answers import Answers, Positions
from storage.nearest.exact import pairs_with_distances
from storage.nearest.index import VectorIndex


def range_search_in_parts(
    index: VectorIndex,
    queries: NDArray[np.float32],
    radius: float,
    excluded: Sequence[Positions] | None = None,
    k: int | None = None,
) -> Iterator[Answers]:
    """Yield the positions at most `radius` from each query and their distances, by distance, then position.

    `queries` is (nq, dim) float32; `excluded` has positions to leave out of each query's answer. Of each at most the k
    nearest are returned. The answers come a part of the batch after the other, while the index searches the next.
    """
    for part, candidates in index.range_candidates(queries, radius):
        out = None if excluded is None else excluded[part]
        rows, positions, distances = pairs_with_distances(index.vectors(), queries[part], candidates, out)
        inside = distances <= radius
        yield Answers.ranked(len(queries[part]), rows[inside], positions[inside], distances[inside], k)


def range_search(
    index: VectorIndex, queries: NDArray[np.float32], radius: float, excluded: Sequence[Positions] | None = None
) -> Answers:
    """Return what `range_search_in_parts` yields, of all queries at once."""
    return Answers.joined(list(range_search_in_parts(index, queries, radius, excluded)))
