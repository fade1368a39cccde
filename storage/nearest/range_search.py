"""Canonical answers within a radius: decided in float64, also at the border, whatever proposes them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from storage.nearest.exact import SLACK, Distances, Positions, distances_to
from storage.nearest.index import VectorIndex

#: Vectors compared at once in float64.
_BLOCK = 16_384

#: Queries asked at once.
_QUERIES = 256


def within(
    index: VectorIndex, queries: NDArray[np.float32], radius: float, excluded: Sequence[Positions] | None = None
) -> list[tuple[Positions, Distances]]:
    """Return the positions at most `radius` from each query and their Euclidean distances, by distance, then position.

    `queries` is (nq, dim) float32, `excluded` names positions left out of each query's answer.
    """
    answers: list[tuple[Positions, Distances]] = []
    for start in range(0, len(queries), _QUERIES):
        some = queries[start : start + _QUERIES]
        around = index.around(some, radius * radius * SLACK)
        answers += [_within(index, query, radius, near) for query, near in zip(some, around, strict=True)]
    if excluded is None:
        return answers
    return [_without(found, distances, out) for (found, distances), out in zip(answers, excluded, strict=True)]


def _within(
    index: VectorIndex, query: NDArray[np.float32], radius: float, near: Positions
) -> tuple[Positions, Distances]:
    vectors = index.vectors()
    blocks = [near[start : start + _BLOCK] for start in range(0, len(near), _BLOCK)]
    distances = np.concatenate([np.empty(0), *(distances_to(vectors[block], query) for block in blocks)])
    inside = distances <= radius
    near, distances = near[inside], distances[inside]
    order = np.lexsort((near, distances))
    return near[order], distances[order]


def _without(found: Positions, distances: Distances, out: Positions) -> tuple[Positions, Distances]:
    if not len(out):
        return found, distances
    kept = ~np.isin(found, out)
    return found[kept], distances[kept]
