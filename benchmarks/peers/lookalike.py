"""Lookalike itself, through the same calls as the others."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Found
from storage import Embedding, Hit, NewItem, Store


class Subject:
    """A store: durable batches, and answers with labels, keys and metadata, every row checked."""

    def create(self, folder: Path, dim: int, threads: int) -> None:
        """Create the store; threads are those that the process may run on."""
        del threads
        self._store = Store.create(folder / "store", Embedding(dim, "9" * 64, {"imported": "vectors to compare with"}))

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Append one batch."""
        items = [
            NewItem(str(number), hashlib.sha256(vector.tobytes()).digest(), label)
            for number, (vector, label) in enumerate(zip(vectors, labels, strict=True), start=first)
        ]
        self._store.append(items, vectors)

    def finish(self) -> None:
        """Publish the index."""
        self._store.publish()

    def open(self, folder: Path, dim: int, threads: int, *, writing: bool = False) -> None:
        """Open as one of many readers, or as the one writer."""
        del dim, threads
        self._store = Store.open(folder / "store", writing=writing)

    def stored(self) -> list[Found]:
        """Return every item."""
        return [(int(item.key), item.label) for item in self._store.items()]

    def ask(self, query: NDArray[np.float32], k: int) -> list[list[Hit]]:
        """Ask one."""
        return self._store.nearest(query, k)

    def ask_many(self, queries: NDArray[np.float32], k: int) -> list[list[Hit]]:
        """Ask all at once."""
        return self._store.nearest(queries, k)

    def found(self, answer: list[list[Hit]]) -> list[list[Found]]:
        """Keys are the numbers."""
        return [[(int(hit.key), hit.label) for hit in hits] for hits in answer]

    def close(self) -> None:
        """Close the store."""
        self._store.close()
