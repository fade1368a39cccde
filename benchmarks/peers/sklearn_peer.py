"""scikit-learn's brute-force neighbours."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from benchmarks.peers.in_memory_peer import InMemoryPeer, Search, Vectors, load_array, save_array


def sklearn_peer() -> InMemoryPeer:
    """Return a peer that searches with `NearestNeighbors(algorithm="brute")`."""
    return InMemoryPeer(save_array, _load)


def _load(folder: Path, threads: int) -> tuple[int, Search]:
    vectors = load_array(folder)
    # Its BLAS takes the number of threads from the environment.
    neighbours: Any = NearestNeighbors(algorithm="brute", n_jobs=threads).fit(vectors)

    def search(queries: Vectors, k: int) -> NDArray[np.integer]:
        _, numbers = neighbours.kneighbors(queries, k)
        return np.asarray(numbers)

    return len(vectors), search
