"""A peer that searches one array of vectors in memory, which NumPy saves and loads."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Row, unlabelled_hits, unlabelled_rows

Vectors = NDArray[np.float32]

#: Returns the numbers, (n, k), of the k vectors nearest to each query, (n, dim).
Search = Callable[[Vectors, int], NDArray[np.integer]]

_FILE = "vectors.npy"


class ArrayPeer:
    """A library's search of an array. Users store labels themselves."""

    def __init__(self, prepare: Callable[[Vectors, int], Search]) -> None:
        """Take the function that prepares the search of vectors, (n, dim), with a number of threads."""
        self._prepare = prepare

    def create(self, folder: Path, dim: int, threads: int) -> None:
        """Collect vectors in memory."""
        del dim, threads
        self._file = folder / _FILE
        self._batches: list[Vectors] = []

    def insert(self, first: int, vectors: Vectors, labels: Sequence[str]) -> None:
        """Copy the vectors."""
        del first, labels
        self._batches.append(vectors.copy())

    def finish(self) -> None:
        """Save the array."""
        np.save(self._file, np.concatenate(self._batches))

    def open(self, folder: Path, dim: int, threads: int, *, writing: bool = False) -> None:
        """Load the array and prepare the search."""
        del dim, writing
        vectors = np.load(folder / _FILE)
        self._size = len(vectors)
        self._search = self._prepare(vectors, threads)

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
