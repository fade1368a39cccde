"""Canonical answers: the same neighbours and distances whatever the index returns, for a query alone or in a batch.

An index returns a few more candidates than k, compared in float32. Their distances are computed again in float64 from
the stored vectors, and they are ordered by distance and then position. The index's lower bound on the distance of all
other vectors tells whether a true neighbour can be missing from the candidates; if so, the index is queried for better
candidates, and in the end every vector is compared in float64.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from storage.nearest.index import VectorIndex

#: Candidates beyond k, so that near-ties rarely leave the answer open.
MARGIN = 8

#: Vectors compared at once in float64 when all of them are.
_BLOCK = 16_384

#: Smaller batches than this are searched query by query in an index of so many numbers or more: each query then reads
#: all vectors, at the speed of memory.
_SMALL_BATCH, _LARGE_INDEX = 16, 2**21

#: Up to so many exclusions of each query are compared with all candidates of a batch at once.
_FEW_EXCLUDED = 8

#: Bytes of float64 differences computed at once when a batch's candidates are ranked: what a cache holds.
_RANKED_BYTES = 2**19

#: Covers the rounding of a float64 distance when it is squared and compared.
SLACK = 1 + 2.0**-40

Positions = NDArray[np.int64]
Distances = NDArray[np.float64]

#: Positions and Euclidean distances, (n,) each, by distance, then position.
Answer = tuple[Positions, Distances]

NO_POSITIONS: Positions = np.empty(0, np.int64)


def nearest(
    index: VectorIndex, queries: NDArray[np.float32], k: int, excluded: Sequence[Positions] | None = None
) -> list[Answer]:
    """Return each query's k nearest positions and their distances, fewer only where the index holds no more.

    `queries` is (nq, dim) float32; `excluded` has positions to leave out of each query's answer.
    """
    return [answer for part in nearest_in_parts(index, queries, k, excluded) for answer in part]


def nearest_in_parts(
    index: VectorIndex, queries: NDArray[np.float32], k: int, excluded: Sequence[Positions] | None = None
) -> Iterator[list[Answer]]:
    """Yield what `nearest` returns, a part of the batch after the other, while the index searches the next."""
    count = len(index)
    excluded = excluded if excluded is not None else [NO_POSITIONS] * len(queries)
    if not len(queries) or not count:
        yield [(NO_POSITIONS, np.empty(0))] * len(queries)
        return
    if len(queries) == 1 or (len(queries) < _SMALL_BATCH and index.vectors().size >= _LARGE_INDEX):
        yield [nearest_to(index, query, k, out) for query, out in zip(queries, excluded, strict=True)]
        return
    requested = k + max(len(positions) for positions in excluded) + MARGIN
    step = max(1, _RANKED_BYTES // (8 * min(requested, count) * index.dim))
    for part, positions, lower_bounds in index.candidates_in_parts(queries, requested):
        answers: list[Answer] = []
        for start in range(0, len(positions), step):
            block = slice(start, start + step)
            answers += _nearest_candidates(
                index, queries[part][block], k, excluded[part][block], positions[block], lower_bounds[block]
            )
        yield answers


def nearest_to(index: VectorIndex, query: NDArray[np.float32], k: int, excluded: Positions = NO_POSITIONS) -> Answer:
    """Return the answer to a single query, (dim,), without the overhead of a batch of one."""
    vectors, count = index.vectors(), k + len(excluded) + MARGIN
    candidates = index.candidates(query, count)
    while candidates is not None and len(candidates.positions) <= _BLOCK:
        positions, distances = _ranked(vectors, query, k, excluded, candidates.positions)
        bound = candidates.lower_bound
        if bound == np.inf or (len(positions) == k and float(distances[-1]) ** 2 * SLACK < bound):
            return positions, distances
        candidates = index.candidates(query, count, insufficient=candidates)
    return _nearest_of_all(vectors, query, k, excluded)


def _nearest_candidates(
    index: VectorIndex,
    queries: NDArray[np.float32],
    k: int,
    excluded: Sequence[Positions],
    positions: Positions,
    lower_bounds: Distances,
) -> list[Answer]:
    """Return the k nearest of each query's candidates, or `nearest_to` where another vector could be nearer.

    `positions` is (nq, n) and `lower_bounds` is (nq,), as in `BatchCandidates`.
    """
    positions = np.where(np.isneginf(lower_bounds)[:, np.newaxis], 0, positions)
    distances = distances_to(index.vectors()[positions], queries[:, np.newaxis])
    if any(map(len, excluded)):
        distances[_excluded(positions, excluded)] = np.inf
    order = np.lexsort((positions, distances), axis=1)[:, :k]
    positions = np.take_along_axis(positions, order, axis=1)
    distances = np.take_along_axis(distances, order, axis=1)
    counts = np.isfinite(distances).sum(axis=1)
    exact = np.isposinf(lower_bounds)
    if distances.shape[1] == k:
        exact |= np.square(distances[:, -1]) * SLACK < lower_bounds
    return [
        (positions[row, : counts[row]], distances[row, : counts[row]])
        if exact[row]
        else nearest_to(index, query, k, excluded[row])
        for row, query in enumerate(queries)
    ]


def _excluded(positions: Positions, excluded: Sequence[Positions]) -> NDArray[np.bool_]:
    """Return where each query's positions, (nq, n), are among those to leave out of its answer."""
    width = max(map(len, excluded))
    if width > _FEW_EXCLUDED:
        return np.array([np.isin(row, out) for row, out in zip(positions, excluded, strict=True)])
    padded = np.full((len(excluded), width), -1)
    for row, out in zip(padded, excluded, strict=True):
        row[: len(out)] = out
    mask: NDArray[np.bool_] = (positions[:, :, np.newaxis] == padded[:, np.newaxis]).any(axis=2)
    return mask


def distances_to(vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> Distances:
    """Return the Euclidean distance of each vector, (..., n, dim), to its query, (dim,) or (..., 1, dim), in float64.

    Each row is summed by itself in a fixed order, so its distance has the same bits whatever stands beside it.
    """
    differences = np.subtract(vectors, queries, dtype=np.float64)
    distances: Distances = np.sqrt(np.add.reduce(np.square(differences, out=differences), axis=-1))
    return distances


def _ranked(
    vectors: NDArray[np.float32], query: NDArray[np.float32], k: int, excluded: Positions, positions: Positions
) -> Answer:
    """Return the k nearest of the given positions."""
    if len(excluded):
        positions = positions[~np.isin(positions, excluded)]
    distances = distances_to(vectors[positions], query)
    order = np.lexsort((positions, distances))[:k]
    return positions[order], distances[order]


def _nearest_of_all(vectors: NDArray[np.float32], query: NDArray[np.float32], k: int, excluded: Positions) -> Answer:
    """Return the k nearest of all positions, a block at a time."""
    positions = NO_POSITIONS
    for start in range(0, len(vectors), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(vectors)))
        positions, distances = _ranked(vectors, query, k, excluded, np.concatenate((positions, block)))
    return positions, distances
