"""scikit-learn's brute-force neighbours over an array that NumPy saved."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from benchmarks.peers.peer import Found

Answer = NDArray[np.int64]


class Subject:
    """`NearestNeighbors(algorithm="brute")`. Labels are the user's own affair."""

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
        """Load and fit; the BLAS takes the threads of the environment."""
        del dim, writing
        vectors = np.load(folder / "vectors.npy")
        self._size = len(vectors)
        self._searched: Any = NearestNeighbors(algorithm="brute", n_jobs=threads).fit(vectors)

    def stored(self) -> list[Found]:
        """Return the numbers."""
        return [(number, None) for number in range(self._size)]

    def ask(self, query: NDArray[np.float32], k: int) -> Answer:
        """Ask one."""
        return self.ask_many(query[np.newaxis], k)

    def ask_many(self, queries: NDArray[np.float32], k: int) -> Answer:
        """Ask all at once."""
        _, numbers = self._searched.kneighbors(queries, k)
        return np.asarray(numbers)

    def found(self, answer: Answer) -> list[list[Found]]:
        """Return the numbers, without labels."""
        return [[(number, None) for number in row] for row in answer.tolist()]

    def close(self) -> None:
        """Nothing is open."""
