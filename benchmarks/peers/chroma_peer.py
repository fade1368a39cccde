"""Chroma, embedded, with its default index: it has no exact search."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.config import Settings
from numpy.typing import NDArray

from benchmarks.peers.peer import Row


class ChromaPeer:
    """`PersistentClient`, one collection in Euclidean space, labels as metadata."""

    def create(self, folder: Path, _dim: int, threads: int) -> None:
        """Create the collection; vectors are given, so it needs no embedding function."""
        self._client = self._connect(folder)
        self._items: Any = self._client.create_collection(
            "items", embedding_function=None, configuration={"hnsw": {"space": "l2", "num_threads": threads}}
        )

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Add the vectors with their labels as metadata."""
        numbers = range(first, first + len(vectors))
        self._items.add(
            ids=[str(number) for number in numbers],
            embeddings=vectors,
            metadatas=[{"label": label} for label in labels],
        )

    def finish(self) -> None:
        """Do nothing."""

    def open(self, folder: Path, _dim: int, _threads: int, _writing: bool) -> None:
        """Open the collection, which stores its number of threads."""
        self._client = self._connect(folder)
        self._items = self._client.get_collection("items", embedding_function=None)

    def rows(self) -> list[Row]:
        """Return every row."""
        rows = self._items.get(include=["metadatas"])
        return [(int(id), row["label"]) for id, row in zip(rows["ids"], rows["metadatas"], strict=True)]

    def search(self, query: NDArray[np.float32], k: int) -> Any:
        """Search a batch of one."""
        return self.search_batch(query[np.newaxis], k)

    def search_batch(self, queries: NDArray[np.float32], k: int) -> Any:
        """Search all at once."""
        return self._items.query(query_embeddings=queries, n_results=k, include=["metadatas", "distances"])

    def hits(self, result: Any) -> list[list[Row]]:
        """Convert the ids, which are strings."""
        return [
            [(int(id), row["label"]) for id, row in zip(ids, rows, strict=True)]
            for ids, rows in zip(result["ids"], result["metadatas"], strict=True)
        ]

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    @staticmethod
    def _connect(folder: Path) -> Any:
        return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
