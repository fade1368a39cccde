"""Canonical answers within a radius: decided in float64, also at the border, whatever the index returns."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from storage.nearest.exact import SLACK, Answer, Positions, distances_to
from storage.nearest.index import VectorIndex

#: Vectors compared at once in float64.
_BLOCK = 16_384

#: Queries searched at once.
_BATCH = 256


def range_search(
    index: VectorIndex, queries: NDArray[np.float32], radius: float, excluded: Sequence[Positions] | None = None
) -> list[Answer]:
    """Return the positions at most `radius` from each query and their distances, by distance, then position.

    `queries` is (nq, dim) float32; `excluded` has positions to leave out of each query's answer.
    """
    answers: list[Answer] = []
    for start in range(0, len(queries), _BATCH):
        batch = queries[start : start + _BATCH]
        candidates = index.range_candidates(batch, radius * radius * SLACK)
        if excluded is not None:
            candidates = [
                positions[~np.isin(positions, out)] if len(out) else positions
                for positions, out in zip(candidates, excluded[start : start + _BATCH], strict=True)
            ]
        vectors = index.vectors()
        answers += [_within(vectors, *pair, radius) for pair in zip(batch, candidates, strict=True)]
    return answers


def _within(vectors: NDArray[np.float32], query: NDArray[np.float32], positions: Positions, radius: float) -> Answer:
    """Return those of the given positions, ascending, that lie within the radius."""
    blocks = [positions[start : start + _BLOCK] for start in range(0, len(positions), _BLOCK)]
    distances = np.concatenate([np.empty(0), *(distances_to(vectors[block], query) for block in blocks)])
    inside = distances <= radius
    positions, distances = positions[inside], distances[inside]
    order = np.lexsort((positions, distances))
    return positions[order], distances[order]
