"""The contract of a vector index: it returns candidates by distances in float32, which are then ranked in float64."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


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
    """Candidates of the queries in a slice of a batch: `positions` (nq, n) int64, `lower_bounds` (nq,) float64.

    The positions of a query whose lower bound is minus infinity mean nothing.
    """

    part: slice
    positions: NDArray[np.int64]
    lower_bounds: NDArray[np.float64]


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

    def candidates_in_parts(self, queries: NDArray[np.float32], count: int) -> Iterator[BatchCandidates]:
        """Yield `count` candidates for each of many queries, (nq, dim), a slice of the batch after the other."""

    def range_candidates(self, queries: NDArray[np.float32], squared_radius: float) -> list[NDArray[np.int64]]:
        """Return the positions, ascending, of all vectors that may lie within a squared distance of each query.

        `queries` is (nq, dim). Vectors for which float32 cannot decide are among them.
        """
