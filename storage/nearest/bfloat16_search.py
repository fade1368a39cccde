"""Candidates for many queries from bounds on groups of vectors that are rounded to bfloat16.

By the triangle inequality the distance of two rounded vectors is off by no more than the norms of both residuals.

- The k nearest vectors of k cells are k vectors: the k-th smallest of the cells' upper bounds is a radius that holds k.
- Whatever lies within a radius is in a group whose lower bound is within it. The distances of the vectors of these
  groups, mostly about twice k, are computed in float32, and those beyond the radius by more than its error drop out.
"""

import numpy as np
from numpy.typing import NDArray

from storage.nearest.answers import NO_POSITIONS, Positions
from storage.nearest.bfloat16_groups import (
    CELL,
    GROUP,
    INFLATED,
    LARGEST_NORM,
    Bfloat16Groups,
    Doubles,
    Floats,
    RoundedQueries,
)
from storage.nearest.error_bounds import bfloat16_error, difference_error
from storage.nearest.faiss_pairs import squared_distances_of_pairs
from storage.nearest.index import BatchCandidates

#: Queries compared at once: at most, since packed they must fit a core's nearest cache; at least; and the bounds that
#: are kept of them, 16 MiB a thread.
_MOST_QUERIES, _FEWEST_QUERIES, _KEPT = 64, 32, 2**22

#: A query is given up when more vectors than this, and than this share of all, must be compared with it one by one.
_MANY, _LARGE_SHARE = 1024, 1 / 32

Rows = NDArray[np.int64]


class Bfloat16Search:
    """Search vectors, (n, dim) float32, which must stay as they are. Each thread that searches takes 20 MiB."""

    @classmethod
    def of(cls, vectors: Floats) -> "Bfloat16Search | None":
        """Return vectors prepared to be searched; None where products could overflow float32."""
        groups = Bfloat16Groups(vectors)
        return cls(vectors, groups) if groups.norms.max() < LARGEST_NORM else None

    def __init__(self, vectors: Floats, groups: Bfloat16Groups) -> None:
        self._vectors = vectors
        self._groups = groups
        self._most_compared = max(_MANY, int(len(vectors) * _LARGE_SHARE))

    def nearest(self, queries: Floats, count: int) -> BatchCandidates:
        """Return candidates for the `count` nearest of each query, (nq, dim); there must be as many cells."""
        return self._candidates(queries, count, np.zeros(len(queries)))

    def within(self, queries: Floats, radius: float) -> BatchCandidates:
        """Return all vectors that may lie within a radius of each query, (nq, dim)."""
        return self._candidates(queries, 0, np.full(len(queries), radius))

    def _candidates(self, queries: Floats, count: int, radii: Doubles) -> BatchCandidates:
        """Return the vectors within radii, (nq,), or within radii that hold `count` vectors, which are then written.

        A query that is given up has no candidates, and its lower bound is minus infinity.
        """
        groups = self._groups.rows.size
        size = min(_MOST_QUERIES, max(_FEWEST_QUERIES, _KEPT // groups))
        memory = np.empty(min(size, len(queries)) * groups, np.float32)
        known = np.empty(len(queries), np.bool_)
        pairs = [(NO_POSITIONS, NO_POSITIONS)]
        for start in range(0, len(queries), size):
            block = slice(start, start + size)
            rounded = self._groups.rounded(queries[block])
            known[block] = rounded.multiplied
            low = memory[: len(rounded.squares) * groups].reshape(groups, -1)
            rows, positions = self._pairs(rounded, low, count, radii[block], known[block])
            pairs.append((rows + start, positions))
        rows, positions = map(np.concatenate, zip(*pairs, strict=True))
        with np.errstate(over="ignore"):
            squares = np.square(radii)
        rows, positions = self._near(queries, rows, positions, squares)
        return BatchCandidates(rows, positions, np.where(known, squares, -np.inf))

    def _pairs(
        self, queries: RoundedQueries, low: Floats, count: int, radii: Doubles, known: NDArray[np.bool_]
    ) -> tuple[Rows, Positions]:
        """Return rows of queries, and the positions of the vectors in the groups whose lower bound is within a radius.

        The groups' low bounds are written to `low`, (groups, nq), and with a `count` the radii, (nq,). Queries with too
        many pairs become unknown.
        """
        groups, squares = self._groups, queries.squares
        factor, addend = bfloat16_error(groups.dim)
        error = np.square(np.sqrt(squares) + groups.norms) * np.float32(factor * INFLATED) + np.float32(addend)
        cells = 2 * groups.low_bounds(queries.packed, low) + squares
        if count:
            upper = np.sqrt(np.maximum(cells + groups.spread + error, 0)) + groups.residuals
            upper.partition(count - 1, axis=1)
            radii[:] = (upper[:, count - 1] + queries.residuals) * INFLATED
        with np.errstate(over="ignore"):
            reach = ((radii + queries.residuals) * INFLATED).astype(np.float32)[:, np.newaxis] + groups.residuals
            limits = np.square(reach) * np.float32(INFLATED) + error
        rows, near = (cells <= limits).nonzero()
        bounds = low.reshape(-1).take(groups.rows[near] * low.shape[1] + rows[:, np.newaxis])
        bounds = 2 * bounds + squares[rows]
        pairs, group = (bounds <= limits[rows, near][:, np.newaxis]).nonzero()
        rows, first = rows[pairs], near[pairs] * CELL + group * GROUP
        known &= np.bincount(rows, minlength=len(known)) * GROUP <= self._most_compared
        rows, first = rows[known[rows]], first[known[rows]]
        positions = groups.order[first[:, np.newaxis] + np.arange(GROUP)].ravel()
        rows = np.repeat(rows, GROUP)
        return rows[positions >= 0], positions[positions >= 0]

    def _near(self, queries: Floats, rows: Rows, positions: Positions, limits: Doubles) -> tuple[Rows, Positions]:
        """Return the pairs whose squared distance in float32 may be at most the limit, (nq,), of their query."""
        squares = squared_distances_of_pairs(queries, rows, self._vectors, positions)
        factor, addend = difference_error(self._groups.dim)
        near = squares <= limits[rows] * (1 + factor) + addend
        return rows[near], positions[near]
