"""The contract of a vector index: it returns candidates by distances in float32, which are then ranked in float64."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

#: Candidates beyond those that are requested, so that near-ties rarely leave the answer open.
MARGIN = 8


class Candidates(NamedTuple):
    """Positions that may hold a query's nearest vectors, (n,) int64, and a bound on all the others.

    No other vector's squared Euclidean distance is below `lower_bound`, rounding errors included. It is infinite when
    there is no other vector, and minus infinity when nothing is known. `quantized` is whether quantized vectors were
    compared.
    """

    positions: NDArray[np.int64]
    lower_bound: float
    quantized: bool = False


class BatchCandidates(NamedTuple):
    """Candidates of many queries, as pairs of a query and a position.

    `rows`, (m,) int64 ascending, are indices of queries, and `positions`, (m,) int64, has no position twice for one of
    them. `lower_bounds`, (nq,) float64, are as in `Candidates`.
    """

    rows: NDArray[np.int64]
    positions: NDArray[np.int64]
    lower_bounds: NDArray[np.float64]

    def completed(self, unknown: NDArray[np.bool_], search: "Callable[[], BatchCandidates]") -> "BatchCandidates":
        """Return the candidates with those that `search` returns for the queries, (nq,) bool, that have none here."""
        if not unknown.any():
            return self
        others = search()
        rows = np.concatenate((self.rows, np.flatnonzero(unknown)[others.rows]))
        positions = np.concatenate((self.positions, others.positions))
        lower_bounds = self.lower_bounds.copy()
        lower_bounds[unknown] = others.lower_bounds
        order = np.argsort(rows, kind="stable")
        return BatchCandidates(rows[order], positions[order], lower_bounds)


class VectorIndex(Protocol):
    """Vectors at positions 0 to n-1, compared with queries in float32."""

    @property
    def dim(self) -> int:
        """Return the number of dimensions."""

    def __len__(self) -> int:
        """Return the number of vectors."""

    def vectors(self) -> NDArray[np.float32]:
        """Return a view of the stored vectors, (n, dim) float32, C-contiguous, not to be written to."""

    def candidates(
        self, query: NDArray[np.float32], count: int, insufficient: Candidates | None = None
    ) -> Candidates | None:
        """Return at least `count` candidates for a query, (dim,), or all vectors where there are fewer.

        `insufficient` are the candidates of the previous call, which left open whether a nearer vector exists: return
        better ones then, or None when the index has none.
        """

    def candidates_in_parts(self, queries: NDArray[np.float32], count: int) -> Iterator[tuple[slice, BatchCandidates]]:
        """Yield candidates for the `count` nearest of each query, (nq, dim), a slice of them after the other."""

    def range_candidates(self, queries: NDArray[np.float32], radius: float) -> Iterator[tuple[slice, BatchCandidates]]:
        """Yield all vectors that may lie within a radius of each query, (nq, dim), a slice of them after the other.

        Vectors for which float32 cannot decide are among them. The lower bounds mean nothing.
        """
