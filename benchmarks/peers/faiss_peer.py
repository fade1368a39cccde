"""FAISS alone: a flat index in memory, written to one file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Row, unlabelled_hits, unlabelled_rows


class FaissPeer:
    """`IndexFlatL2`, `write_index` and `read_index`. Users store labels themselves."""

    def create(self, folder: Path, dim: int, threads: int) -> None:
        """Create the index in memory."""
        faiss.omp_set_num_threads(threads)
        self._file = folder / "vectors.faiss"
        self._index: Any = faiss.IndexFlatL2(dim)

    def insert(self, _first: int, vectors: NDArray[np.float32], _labels: Sequence[str]) -> None:
        """Add to the index, which numbers vectors from 0, as the benchmark does."""
        self._index.add(vectors)

    def finish(self) -> None:
        """Write the file."""
        faiss.write_index(self._index, str(self._file))

    def open(self, folder: Path, _dim: int, threads: int, _writing: bool) -> None:
        """Read the file."""
        faiss.omp_set_num_threads(threads)
        self._index = faiss.read_index(str(folder / "vectors.faiss"))

    def rows(self) -> list[Row]:
        """Return the numbers of the vectors."""
        return unlabelled_rows(self._index.ntotal)

    def search(self, query: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        """Search a batch of one."""
        return self.search_batch(query[np.newaxis], k)

    def search_batch(self, queries: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        """Search all at once."""
        _, numbers = self._index.search(queries, k)
        return np.asarray(numbers)

    def hits(self, result: NDArray[np.int64]) -> list[list[Row]]:
        """Return the numbers, without labels."""
        return unlabelled_hits(result)

    def close(self) -> None:
        """Do nothing: nothing is open."""


class PersistentFaissPeer(FaissPeer):
    """The same, but each insert rewrites the file: FAISS has no other way to persist it."""

    def open(self, folder: Path, dim: int, threads: int, writing: bool) -> None:
        """Read the file, and write to it from now on."""
        super().open(folder, dim, threads, writing)
        self._file = folder / "vectors.faiss"

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Add to the index and write the whole file."""
        super().insert(first, vectors, labels)
        self.finish()
