"""The contract of a vector index: an engine that proposes candidates, whose answers are then made canonical."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class VectorIndex(Protocol):
    """Vectors at positions 0 to n-1, and the positions nearest to a query as float32 arithmetic sees them."""

    @property
    def dim(self) -> int:
        """Return the number of dimensions."""
        ...

    def __len__(self) -> int:
        """Return the number of vectors."""
        ...

    def vectors(self) -> NDArray[np.float32]:
        """Return a view of the stored vectors, (n, dim) float32, C-contiguous, not to be written to."""
        ...

    def proposals(self, query: NDArray[np.float32], count: int) -> Iterator[tuple[NDArray[np.int64], float]]:
        """Walk ever surer proposals: positions of vectors near to a query, (dim,), and what all others are beyond.

        No other vector's squared Euclidean distance is below that number, whatever rounding did: it is infinite when
        there is no other, and minus infinity when nothing is known. The last proposal has the `count` nearest as
        float32 arithmetic sees them, or all where there are fewer, and perhaps more.
        """
        ...

    def proposed_by_part(
        self, queries: NDArray[np.float32], count: int
    ) -> Iterator[tuple[slice, NDArray[np.int64], NDArray[np.float64]]]:
        """Walk what is proposed for some of many queries, (nq, dim), after the others, in order.

        Each part has its slice of `queries`, `count` positions of each query, all where there are fewer, and what all
        other vectors are beyond, (nq,). Where nothing is known the positions mean nothing.
        """
        ...

    def around(self, queries: NDArray[np.float32], limit: float) -> list[NDArray[np.int64]]:
        """Return the positions of all vectors that can be within a squared distance of each query, in order.

        `queries` is (nq, dim). There may be others among them: those for which rounding leaves it open.
        """
        ...
