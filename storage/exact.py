"""Canonical answers: the same neighbours and distances whatever proposes them, alone or in a batch.

An index proposes a few more candidates than asked, in float32. Their distances are computed again in float64 from
the stored vectors, and they are ordered by distance and then position. A bound on the index's rounding error tells
whether a true neighbour can be missing from the candidates; if one can, every vector is compared in float64.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from storage.index import VectorIndex

#: How many candidates more than asked are fetched, so that near-ties are rarely cut apart.
MARGIN = 16

#: Vectors compared at once in float64.
_BLOCK = 16_384

Positions = NDArray[np.int64]
Distances = NDArray[np.float64]


def nearest(
    index: VectorIndex, queries: NDArray[np.float32], k: int, excluded: Sequence[Positions] | None = None
) -> list[tuple[Positions, Distances]]:
    """Return each query's k nearest positions and Euclidean distances (float64), by distance, then position.

    `queries` is (nq, dim) float32, `excluded` names positions left out of each query's answer. Fewer than k come
    back only where the index holds no more.
    """
    count = len(index)
    leave_out = excluded if excluded is not None else [_NONE] * len(queries)
    if not len(queries) or not count:
        return [(_NONE, np.empty(0))] * len(queries)
    widest = max(len(positions) for positions in leave_out)
    wanted = min(count, k + widest + MARGIN)
    squared, proposed = index.candidates(queries, wanted)
    bounds = index.error_bound(queries)
    vectors = index.vectors()
    answers = []
    for query, row, positions, bound, out in zip(queries, squared, proposed, bounds, leave_out, strict=True):
        answer = None
        if np.isfinite(row).all():
            answer = _ranked(vectors, query, positions, k, out)
            # Whatever was not proposed is farther than the last candidate, less the rounding error.
            beyond = float(row[-1]) - float(bound)
            if wanted < count and not (len(answer[0]) == k and answer[1][-1] ** 2 * _SLACK < beyond):
                answer = None
        answers.append(answer or _ranked_among_all(vectors, query, k, out))
    return answers


_NONE: Positions = np.empty(0, np.int64)

#: Covers the rounding of the float64 distances themselves when one is squared and compared.
_SLACK = 1 + 2.0**-40


def distances_to(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> Distances:
    """Return the Euclidean distance of each vector, (n, dim), to the query, (dim,), as (n,) float64.

    Each row is summed by itself in a fixed order, so its distance has the same bits whatever stands beside it.
    """
    differences = vectors.astype(np.float64) - query.astype(np.float64)
    distances: Distances = np.sqrt(np.square(differences, out=differences).sum(axis=1))
    return distances


def _ranked(
    vectors: NDArray[np.float32], query: NDArray[np.float32], positions: Positions, k: int, out: Positions
) -> tuple[Positions, Distances]:
    """Return the k nearest of the given positions."""
    if len(out):
        positions = positions[~np.isin(positions, out)]
    distances = distances_to(vectors[positions], query)
    order = np.lexsort((positions, distances))[:k]
    return positions[order], distances[order]


def _ranked_among_all(
    vectors: NDArray[np.float32], query: NDArray[np.float32], k: int, out: Positions
) -> tuple[Positions, Distances]:
    """Return the k nearest of all positions, a block at a time."""
    best = _NONE
    for start in range(0, len(vectors), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(vectors)))
        best, distances = _ranked(vectors, query, np.concatenate((best, block)), k, out)
    return best, distances
