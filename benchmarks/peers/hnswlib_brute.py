"""hnswlib's brute-force index."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hnswlib
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Found

Answer = NDArray[np.uint64]


class Subject:
    """`BFIndex` in Euclidean space, saved to one file. Labels are the user's own affair."""

    def create(self, folder: Path, dim: int, threads: int) -> None:
        """Collect vectors in memory: an index must know how many there will be."""
        del threads
        self._file, self._dim = folder / "vectors.hnswlib", dim
        self._parts: list[NDArray[np.float32]] = []

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Keep a copy."""
        del first, labels
        self._parts.append(vectors.copy())

    def finish(self) -> None:
        """Make the index and write the file."""
        vectors = np.concatenate(self._parts)
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

    def stored(self) -> list[Found]:
        """Return the numbers: they are dense, and it cannot list them."""
        return [(number, None) for number in range(self._index.get_current_count())]

    def ask(self, query: NDArray[np.float32], k: int) -> Answer:
        """Ask one."""
        return self.ask_many(query[np.newaxis], k)

    def ask_many(self, queries: NDArray[np.float32], k: int) -> Answer:
        """Ask all at once."""
        numbers, _ = self._index.knn_query(queries, k, num_threads=self._threads)
        return np.asarray(numbers)

    def found(self, answer: Answer) -> list[list[Found]]:
        """Return the numbers, without labels."""
        return [[(number, None) for number in row] for row in answer.tolist()]

    def close(self) -> None:
        """Nothing is open."""
