"""hnswlib's brute-force index."""

from pathlib import Path
from typing import Any

import hnswlib
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.in_memory_peer import InMemoryPeer, Search, Vectors
from benchmarks.peers.synthetic_data import DIM

_FILE = "vectors.hnswlib"


def hnswlib_peer() -> InMemoryPeer:
    """Return a peer that searches with `BFIndex`, which is created for a fixed number of vectors."""
    return InMemoryPeer(_save, _load)


def _save(folder: Path, vectors: Vectors) -> None:
    index: Any = hnswlib.BFIndex("l2", vectors.shape[1])
    index.init_index(len(vectors))
    index.add_items(vectors, np.arange(len(vectors)))
    index.save_index(str(folder / _FILE))


def _load(folder: Path, threads: int) -> tuple[int, Search]:
    index: Any = hnswlib.BFIndex("l2", DIM)
    index.load_index(str(folder / _FILE))

    def search(queries: Vectors, k: int) -> NDArray[np.integer]:
        numbers, _ = index.knn_query(queries, k, num_threads=threads)
        return np.asarray(numbers)

    return index.get_current_count(), search
