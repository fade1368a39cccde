"""FAISS without anything around it: a flat index in memory, written to one file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Found

#: Numbers, (n, k), as `search` gives them.
Answer = NDArray[np.int64]


class Subject:
    """`IndexFlatL2`, `write_index` and `read_index`. Labels are the user's own affair."""

    def create(self, folder: Path, dim: int, threads: int) -> None:
        """Make an index in memory."""
        faiss.omp_set_num_threads(threads)
        self._file = folder / "vectors.faiss"
        self._index: Any = faiss.IndexFlatL2(dim)

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Add to the index; its numbers are dense, as ours are."""
        del first, labels
        self._index.add(vectors)

    def finish(self) -> None:
        """Write the file."""
        faiss.write_index(self._index, str(self._file))

    def open(self, folder: Path, dim: int, threads: int, *, writing: bool = False) -> None:
        """Read the file."""
        del dim, writing
        faiss.omp_set_num_threads(threads)
        self._index = faiss.read_index(str(folder / "vectors.faiss"))

    def stored(self) -> list[Found]:
        """Return the numbers."""
        return [(number, None) for number in range(self._index.ntotal)]

    def ask(self, query: NDArray[np.float32], k: int) -> Answer:
        """Ask one."""
        return self.ask_many(query[np.newaxis], k)

    def ask_many(self, queries: NDArray[np.float32], k: int) -> Answer:
        """Ask all at once."""
        _, numbers = self._index.search(queries, k)
        return np.asarray(numbers)

    def found(self, answer: Answer) -> list[list[Found]]:
        """Return the numbers, without labels."""
        return [[(number, None) for number in row] for row in answer.tolist()]

    def close(self) -> None:
        """Nothing is open."""


class Keeping(Subject):
    """The same, but the file is written anew after each insert: all that `write_index` has for keeping them."""

    def open(self, folder: Path, dim: int, threads: int, *, writing: bool = False) -> None:
        """Read the file, and write the same one."""
        super().open(folder, dim, threads, writing=writing)
        self._file = folder / "vectors.faiss"

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Add to the index and write all of it."""
        super().insert(first, vectors, labels)
        self.finish()
