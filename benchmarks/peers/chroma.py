"""Chroma on this machine, with its index as it comes: it has no exact search."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.config import Settings
from numpy.typing import NDArray

from benchmarks.peers.peer import Found


class Subject:
    """`PersistentClient`, one collection in Euclidean space, labels as metadata."""

    def create(self, folder: Path, dim: int, threads: int) -> None:
        """Make the collection; vectors are given, so it embeds nothing."""
        del dim
        self._client = self._connected(folder)
        self._items: Any = self._client.create_collection(
            "items", embedding_function=None, configuration={"hnsw": {"space": "l2", "num_threads": threads}}
        )

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Add a batch."""
        numbers = range(first, first + len(vectors))
        self._items.add(
            ids=[str(number) for number in numbers],
            embeddings=vectors,
            metadatas=[{"label": label} for label in labels],
        )

    def finish(self) -> None:
        """Nothing is left to do."""

    def open(self, folder: Path, dim: int, threads: int, *, writing: bool = False) -> None:
        """Open the collection; its threads were given when it was made."""
        del dim, threads, writing
        self._client = self._connected(folder)
        self._items = self._client.get_collection("items", embedding_function=None)

    def stored(self) -> list[Found]:
        """Return every row."""
        rows = self._items.get(include=["metadatas"])
        return [(int(id), row["label"]) for id, row in zip(rows["ids"], rows["metadatas"], strict=True)]

    def ask(self, query: NDArray[np.float32], k: int) -> Any:
        """Ask one."""
        return self.ask_many(query[np.newaxis], k)

    def ask_many(self, queries: NDArray[np.float32], k: int) -> Any:
        """Ask all at once."""
        return self._items.query(query_embeddings=queries, n_results=k, include=["metadatas", "distances"])

    def found(self, answer: Any) -> list[list[Found]]:
        """Its ids are texts."""
        return [
            [(int(id), row["label"]) for id, row in zip(ids, rows, strict=True)]
            for ids, rows in zip(answer["ids"], answer["metadatas"], strict=True)
        ]

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    @staticmethod
    def _connected(folder: Path) -> Any:
        return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
