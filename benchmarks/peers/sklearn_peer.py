"""scikit-learn's brute-force neighbours."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from benchmarks.peers.array_peer import ArrayPeer, Search, Vectors


def sklearn_peer() -> ArrayPeer:
    """Return a peer that searches with `NearestNeighbors(algorithm="brute")`."""
    return ArrayPeer(_prepare)


def _prepare(vectors: Vectors, threads: int) -> Search:
    # Its BLAS takes the number of threads from the environment.
    neighbours: Any = NearestNeighbors(algorithm="brute", n_jobs=threads).fit(vectors)

    def search(queries: Vectors, k: int) -> NDArray[np.integer]:
        _, numbers = neighbours.kneighbors(queries, k)
        return np.asarray(numbers)

    return search
