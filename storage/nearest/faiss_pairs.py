"""Squared distances of pairs of a query and a vector, each read where it is: to copy them takes five times as long."""

import faiss
import numpy as np
from numpy.typing import NDArray

from storage.nearest.faiss_threads import one_thread


def squared_distances_of_pairs(
    queries: NDArray[np.float32],
    rows: NDArray[np.int64],
    vectors: NDArray[np.float32],
    positions: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return |q-x|^2 of the queries, (nq, dim), at rows, (m,), and the vectors, (n, dim), at positions, (m,).

    Float32 sums (q-x)^2, on one thread. All arrays must be C-contiguous.
    """
    squared = np.empty(len(rows), np.float32)
    pointers = [faiss.swig_ptr(array) for array in (queries, rows, vectors, positions, squared)]
    with one_thread():
        faiss.pairwise_indexed_L2sqr(vectors.shape[1], len(rows), *pointers)  # type: ignore[attr-defined]
    return squared
