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

    def candidates(self, queries: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the `count` nearest positions of each query and their squared Euclidean distances.

        `queries` is (nq, dim) float32; both results are (nq, count), nearest first. 1 <= count <= n. A squared
        distance that float32 cannot hold is not finite, and its position means nothing then.
        """
        ...

    def candidates_by_part(
        self, queries: NDArray[np.float32], count: int
    ) -> Iterator[tuple[slice, NDArray[np.float32], NDArray[np.int64]]]:
        """Walk the candidates of some queries after the other, in order; each part with its slice of `queries`."""
        ...

    def around(self, queries: NDArray[np.float32], limits: NDArray[np.float64]) -> list[NDArray[np.int64]]:
        """Return the positions that seem no farther from each query than its limit, a squared distance, in order.

        `queries` is (nq, dim) float32, `limits` (nq,). A position whose squared distance float32 cannot hold is among
        them.
        """
        ...

    def error_bound(self, queries: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return how far each query's squared distances, as this engine computes them, can be from the true ones.

        `queries` is (nq, dim) float32; the result is (nq,) float64.
        """
        ...
