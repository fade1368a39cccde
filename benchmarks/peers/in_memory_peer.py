"""A peer that collects vectors in memory, saves them all at once, and stores no labels."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Row, unlabelled_hits, unlabelled_rows

Vectors = NDArray[np.float32]

#: Returns the numbers, (n, k), of the k vectors nearest to each query, (n, dim).
Search = Callable[[Vectors, int], NDArray[np.integer]]

_FILE = "vectors.npy"


class InMemoryPeer:
    """A library's search of vectors in memory. Users store labels themselves."""

    def __init__(self, save: Callable[[Path, Vectors], None], load: Callable[[Path, int], tuple[int, Search]]) -> None:
        """Take the functions that save vectors, (n, dim), in a folder, and load them for a number of threads.

        `load` returns the number of vectors and their search.
        """
        self._save, self._load = save, load

    def create(self, folder: Path, _dim: int, _threads: int) -> None:
        """Start to collect vectors."""
        self._folder = folder
        self._batches: list[Vectors] = []

    def insert(self, _first: int, vectors: Vectors, _labels: Sequence[str]) -> None:
        """Copy the vectors."""
        self._batches.append(vectors.copy())

    def finish(self) -> None:
        """Save the vectors."""
        self._save(self._folder, np.concatenate(self._batches))

    def open(self, folder: Path, _dim: int, threads: int, _writing: bool) -> None:
        """Load the vectors and prepare the search."""
        self._size, self._search = self._load(folder, threads)

    def rows(self) -> list[Row]:
        """Return the numbers of the vectors."""
        return unlabelled_rows(self._size)

    def search(self, query: Vectors, k: int) -> NDArray[np.integer]:
        """Search a batch of one."""
        return self._search(query[np.newaxis], k)

    def search_batch(self, queries: Vectors, k: int) -> NDArray[np.integer]:
        """Search all at once."""
        return self._search(queries, k)

    def hits(self, result: NDArray[np.integer]) -> list[list[Row]]:
        """Return the numbers, without labels."""
        return unlabelled_hits(result)

    def close(self) -> None:
        """Do nothing: nothing is open."""


def save_array(folder: Path, vectors: Vectors) -> None:
    """Save vectors as an array of NumPy's."""
    np.save(folder / _FILE, vectors)


def load_array(folder: Path) -> Vectors:
    """Load the vectors of `save_array`, (n, dim)."""
    return np.asarray(np.load(folder / _FILE))
