"""Canonical answers: the same neighbours and distances whatever proposes them, alone or in a batch.

An index proposes a few more candidates than asked, in float32. Their distances are computed again in float64 from
the stored vectors, and they are ordered by distance and then position. A bound on the index's rounding error tells
whether a true neighbour can be missing from the candidates; if one can, every vector is compared in float64.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from storage.nearest.index import VectorIndex

#: How many candidates more than asked are fetched, so that near-ties are rarely cut apart.
MARGIN = 8

#: Vectors compared at once in float64 when all of them are.
_BLOCK = 16_384

#: Fewer queries than this are compared one by one with so many numbers or more: each reads them all, as fast as it can.
_TOGETHER, _MANY = 16, 2**21

#: Bytes of float64 differences made at once when the candidates of many queries are ranked: what a cache holds.
_RANKED_BYTES = 2**19

Positions = NDArray[np.int64]
Distances = NDArray[np.float64]


def nearest(
    index: VectorIndex, queries: NDArray[np.float32], k: int, excluded: Sequence[Positions] | None = None
) -> list[tuple[Positions, Distances]]:
    """Return each query's k nearest positions and Euclidean distances (float64), by distance, then position.

    `queries` is (nq, dim) float32, `excluded` names positions left out of each query's answer. Fewer than k come
    back only where the index holds no more.
    """
    return [answer for part in nearest_by_part(index, queries, k, excluded) for answer in part]


def nearest_by_part(
    index: VectorIndex, queries: NDArray[np.float32], k: int, excluded: Sequence[Positions] | None = None
) -> Iterator[list[tuple[Positions, Distances]]]:
    """Walk what `nearest` returns, some queries after the other, while the index is searched for the next."""
    count = len(index)
    leave_out = excluded if excluded is not None else [_NONE] * len(queries)
    if not len(queries) or not count:
        yield [(_NONE, np.empty(0))] * len(queries)
        return
    if len(queries) == 1 or (len(queries) < _TOGETHER and index.vectors().size >= _MANY):
        yield [nearest_of_one(index, query, k, out) for query, out in zip(queries, leave_out, strict=True)]
        return
    wanted = k + max(len(positions) for positions in leave_out) + MARGIN
    step = max(1, _RANKED_BYTES // (8 * min(wanted, count) * index.dim))
    for part, proposed, beyond in index.proposed_by_part(queries, wanted):
        asked, out = queries[part], leave_out[part]
        answers: list[tuple[Positions, Distances]] = []
        for start in range(0, len(asked), step):
            some = slice(start, start + step)
            answers += _ranked_candidates(index, asked[some], proposed[some], beyond[some], k, out[some])
        yield answers


def nearest_of_one(
    index: VectorIndex, query: NDArray[np.float32], k: int, excluded: Positions | None = None
) -> tuple[Positions, Distances]:
    """Return the answer of a single query, (dim,), as `nearest` does, without what tables of one row cost."""
    vectors, out = index.vectors(), _NONE if excluded is None else excluded
    for proposed, beyond in index.proposals(query, k + len(out) + MARGIN):
        if len(proposed) > _BLOCK:
            break
        found, distances = _ranked(vectors, query, proposed, k, out)
        if beyond == np.inf or (len(found) == k and float(distances[-1]) ** 2 * SLACK < beyond):
            return found, distances
    return _ranked_among_all(vectors, query, k, out)


def _ranked_candidates(
    index: VectorIndex,
    queries: NDArray[np.float32],
    proposed: Positions,
    beyond: Distances,
    k: int,
    leave_out: Sequence[Positions],
) -> list[tuple[Positions, Distances]]:
    """Return the k nearest of each query's candidates, or those of the query alone where another could be nearer.

    `proposed` is (nq, n); no other vector has a squared distance below `beyond`, (nq,), infinite when there is none.
    """
    positions = np.where(np.isneginf(beyond)[:, np.newaxis], 0, proposed)
    distances = distances_to(index.vectors()[positions], queries[:, np.newaxis])
    for row, out in enumerate(leave_out):
        if len(out):
            distances[row, np.isin(positions[row], out)] = np.inf
    order = np.lexsort((positions, distances), axis=1)[:, :k]
    positions = np.take_along_axis(positions, order, axis=1)
    distances = np.take_along_axis(distances, order, axis=1)
    found = np.isfinite(distances).sum(axis=1)
    sure = np.isposinf(beyond)
    if distances.shape[1] == k:
        sure |= np.square(distances[:, -1]) * SLACK < beyond
    return [
        (positions[row, : found[row]], distances[row, : found[row]])
        if sure[row]
        else nearest_of_one(index, query, k, leave_out[row])
        for row, query in enumerate(queries)
    ]


_NONE: Positions = np.empty(0, np.int64)

#: Covers the rounding of the float64 distances themselves when one is squared and compared.
SLACK = 1 + 2.0**-40


def distances_to(vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> Distances:
    """Return the Euclidean distance of each vector, (..., n, dim), to its query, (dim,) or (..., 1, dim), in float64.

    Each row is summed by itself in a fixed order, so its distance has the same bits whatever stands beside it.
    """
    differences = np.subtract(vectors, queries, dtype=np.float64)
    distances: Distances = np.sqrt(np.add.reduce(np.square(differences, out=differences), axis=-1))
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
