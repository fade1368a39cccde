"""hnswlib's brute-force index."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hnswlib
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Row, unlabelled_hits, unlabelled_rows


class HnswlibPeer:
    """`BFIndex` in Euclidean space, saved to one file. Users store labels themselves."""

    def create(self, folder: Path, dim: int, threads: int) -> None:
        """Collect vectors in memory: an index is created for a fixed number of them."""
        del threads
        self._file, self._dim = folder / "vectors.hnswlib", dim
        self._batches: list[NDArray[np.float32]] = []

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Copy the vectors."""
        del first, labels
        self._batches.append(vectors.copy())

    def finish(self) -> None:
        """Build the index and write the file."""
        vectors = np.concatenate(self._batches)
        index: Any = hnswlib.BFIndex("l2", self._dim)
        index.init_index(len(vectors))
        index.add_items(vectors, np.arange(len(vectors)))
        index.save_index(str(self._file))

    def open(self, folder: Path, dim: int, threads: int, *, writing: bool = False) -> None:
        """Read the file."""
        del writing
        self._threads = threads
        self._index: Any = hnswlib.BFIndex("l2", dim)
        self._index.load_index(str(folder / "vectors.hnswlib"))

    def rows(self) -> list[Row]:
        """Return the numbers of the vectors, which it can count but not list."""
        return unlabelled_rows(self._index.get_current_count())

    def search(self, query: NDArray[np.float32], k: int) -> NDArray[np.uint64]:
        """Search a batch of one."""
        return self.search_batch(query[np.newaxis], k)

    def search_batch(self, queries: NDArray[np.float32], k: int) -> NDArray[np.uint64]:
        """Search all at once."""
        numbers, _ = self._index.knn_query(queries, k, num_threads=self._threads)
        return np.asarray(numbers)

    def hits(self, result: NDArray[np.uint64]) -> list[list[Row]]:
        """Return the numbers, without labels."""
        return unlabelled_hits(result)

    def close(self) -> None:
        """Do nothing: nothing is open."""
