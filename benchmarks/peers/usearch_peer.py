"""usearch's exact search."""

from pathlib import Path

import numpy as np
import usearch.index
from numpy.typing import NDArray

from benchmarks.peers.in_memory_peer import InMemoryPeer, Search, Vectors, load_array, save_array


def usearch_peer() -> InMemoryPeer:
    """Return a peer that searches with `usearch.index.search(..., exact=True)`."""
    return InMemoryPeer(save_array, _load)


def _load(folder: Path, threads: int) -> tuple[int, Search]:
    vectors = load_array(folder)

    def search(queries: Vectors, k: int) -> NDArray[np.integer]:
        matches = usearch.index.search(vectors, queries, k, "l2sq", exact=True, threads=threads)
        return np.atleast_2d(matches.keys)

    return len(vectors), search
