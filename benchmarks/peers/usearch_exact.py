"""usearch's exact search over an array that NumPy saved."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from usearch.index import search

from benchmarks.peers.peer import Found


class Subject:
    """`usearch.index.search(..., exact=True)`. Labels are the user's own affair."""

    def create(self, folder: Path, dim: int, threads: int) -> None:
        """Collect vectors in memory."""
        del dim, threads
        self._file = folder / "vectors.npy"
        self._parts: list[NDArray[np.float32]] = []

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Keep a copy."""
        del first, labels
        self._parts.append(vectors.copy())

    def finish(self) -> None:
        """Save the array."""
        np.save(self._file, np.concatenate(self._parts))

    def open(self, folder: Path, dim: int, threads: int, *, writing: bool = False) -> None:
        """Load the array."""
        del dim, writing
        self._threads = threads
        self._vectors = np.load(folder / "vectors.npy")

    def stored(self) -> list[Found]:
        """Return the numbers."""
        return [(number, None) for number in range(len(self._vectors))]

    def ask(self, query: NDArray[np.float32], k: int) -> Any:
        """Ask one."""
        return search(self._vectors, query, k, "l2sq", exact=True, threads=self._threads)

    def ask_many(self, queries: NDArray[np.float32], k: int) -> Any:
        """Ask all at once."""
        return search(self._vectors, queries, k, "l2sq", exact=True, threads=self._threads)

    def found(self, answer: Any) -> list[list[Found]]:
        """Return the numbers, without labels."""
        return [[(number, None) for number in row] for row in np.atleast_2d(answer.keys).tolist()]

    def close(self) -> None:
        """Nothing is open."""
