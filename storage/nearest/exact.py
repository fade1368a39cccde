"""Canonical answers: the same neighbours and distances whatever the index returns, for a query alone or in a batch.

An index returns a few more candidates than k, compared in float32. Their distances are computed again in float64 from
the stored vectors, and they are ordered by distance and then position. The index's lower bound on the distance of all
other vectors tells whether a true neighbour can be missing from the candidates; if so, the index is queried for better
candidates, and in the end every vector is compared in float64.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from storage.nearest.answers import NO_POSITIONS, Answer, Answers, Distances, Positions
from storage.nearest.error_bounds import SLACK
from storage.nearest.index import MARGIN, BatchCandidates, VectorIndex

#: Vectors compared at once in float64 when all of them are.
_BLOCK = 16_384

#: Smaller batches than this are searched query by query in an index of so many numbers or more: each query then reads
#: all vectors, at the speed of memory.
_SMALL_BATCH, _LARGE_INDEX = 16, 2**21

#: Bytes of float64 differences computed at once when a batch's candidates are ranked: what a cache holds.
_RANKED_BYTES = 2**19


def nearest(
    index: VectorIndex, queries: NDArray[np.float32], k: int, excluded: Sequence[Positions] | None = None
) -> Answers:
    """Return each query's k nearest positions and their distances, fewer only where the index holds no more.

    `queries` is (nq, dim) float32; `excluded` has positions to leave out of each query's answer.
    """
    return Answers.joined(list(nearest_in_parts(index, queries, k, excluded)))


def nearest_in_parts(
    index: VectorIndex, queries: NDArray[np.float32], k: int, excluded: Sequence[Positions] | None = None
) -> Iterator[Answers]:
    """Yield what `nearest` returns, a part of the batch after the other, while the index searches the next."""
    excluded = excluded if excluded is not None else [NO_POSITIONS] * len(queries)
    if not len(queries) or not len(index):
        yield Answers.of([(NO_POSITIONS, np.empty(0))] * len(queries))
        return
    if len(queries) == 1 or (len(queries) < _SMALL_BATCH and index.vectors().size >= _LARGE_INDEX):
        yield Answers.of([nearest_to(index, query, k, out) for query, out in zip(queries, excluded, strict=True)])
        return
    for part, candidates in index.candidates_in_parts(queries, k + max(map(len, excluded))):
        yield _nearest_candidates(index, queries[part], candidates, k, excluded[part])


def _nearest_candidates(
    index: VectorIndex,
    queries: NDArray[np.float32],
    candidates: BatchCandidates,
    k: int,
    excluded: Sequence[Positions],
) -> Answers:
    """Return the k nearest of each query's candidates, or `nearest_to` where another vector could be nearer."""
    rows, positions, distances = pairs_with_distances(index.vectors(), queries, candidates, excluded)
    answers = Answers.ranked(len(queries), rows, positions, distances, k)
    full = np.diff(answers.offsets) == k
    exact = np.isposinf(candidates.lower_bounds)
    farthest = answers.distances[answers.offsets[1:][full] - 1]
    exact[full] |= np.square(farthest) * SLACK < candidates.lower_bounds[full]
    if exact.all():
        return answers
    return Answers.of(
        [
            answer if exact[row] else nearest_to(index, queries[row], k, excluded[row])
            for row, answer in enumerate(answers)
        ]
    )


def nearest_to(index: VectorIndex, query: NDArray[np.float32], k: int, excluded: Positions = NO_POSITIONS) -> Answer:
    """Return the answer to a single query, (dim,), without the overhead of a batch of one."""
    vectors, count = index.vectors(), k + len(excluded) + MARGIN
    candidates = index.candidates(query, count)
    while candidates is not None:
        bound = candidates.lower_bound
        # If so many may be nearest, others may be as well.
        if len(candidates.positions) <= _BLOCK or bound == np.inf:
            positions, distances = _nearest_of(vectors, query, k, excluded, candidates.positions)
            if bound == np.inf or (len(positions) == k and float(distances[-1]) ** 2 * SLACK < bound):
                return positions, distances
        candidates = index.candidates(query, count, insufficient=candidates)
    return _nearest_of(vectors, query, k, excluded, np.arange(len(vectors)))


def pairs_with_distances(
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    candidates: BatchCandidates,
    excluded: Sequence[Positions] | None,
) -> tuple[NDArray[np.int64], Positions, Distances]:
    """Return the candidates that are not excluded: rows of queries, (m,), positions, and distances in float64."""
    rows, positions = candidates.rows, candidates.positions
    if excluded is not None and any(map(len, excluded)):
        counts = [len(out) for out in excluded]
        pairs = np.repeat(np.arange(len(excluded)), counts) * len(vectors) + np.concatenate(excluded)
        kept = ~np.isin(rows * len(vectors) + positions, pairs)
        rows, positions = rows[kept], positions[kept]
    distances = np.empty(len(rows))
    step = max(1, _RANKED_BYTES // (8 * vectors.shape[1]))
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        distances[block] = distances_to(vectors[positions[block]], queries[rows[block]])
    return rows, positions, distances


def distances_to(vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> Distances:
    """Return the Euclidean distance of each vector, (n, dim), to its query, (n, dim), or to one, (dim,), in float64.

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


def _nearest_of(
    vectors: NDArray[np.float32], query: NDArray[np.float32], k: int, excluded: Positions, positions: Positions
) -> Answer:
    """Return the k nearest of the given positions, compared a block at a time."""
    answer = _ranked(vectors, query, k, excluded, positions[:_BLOCK])
    for start in range(_BLOCK, len(positions), _BLOCK):
        block = positions[start : start + _BLOCK]
        answer = _ranked(vectors, query, k, excluded, np.concatenate((answer[0], block)))
    return answer
