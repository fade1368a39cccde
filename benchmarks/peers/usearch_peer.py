"""usearch's exact search."""

import numpy as np
import usearch.index
from numpy.typing import NDArray

from benchmarks.peers.array_peer import ArrayPeer, Search, Vectors


def usearch_peer() -> ArrayPeer:
    """Return a peer that searches with `usearch.index.search(..., exact=True)`."""
    return ArrayPeer(_prepare)


def _prepare(vectors: Vectors, threads: int) -> Search:
    def search(queries: Vectors, k: int) -> NDArray[np.integer]:
        matches = usearch.index.search(vectors, queries, k, "l2sq", exact=True, threads=threads)
        return np.atleast_2d(matches.keys)

    return search
