"""Lookalike, by the same calls as its peers."""

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Row
from storage import BatchHits, Embedding, NewItem, Store


class LookalikePeer:
    """A store: durable batches, and hits with labels, keys and metadata, every row checked."""

    def create(self, folder: Path, dim: int, _threads: int) -> None:
        """Create the store; it uses the processors of the process."""
        self._store = Store.create(folder / "store", Embedding(dim, "9" * 64, {"imported": "vectors to compare with"}))
        self._publishing = ExitStack()
        self._publishing.enter_context(self._store.publishing())

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Append one batch."""
        items = [
            NewItem(str(number), hashlib.sha256(vector.tobytes()).digest(), label)
            for number, (vector, label) in enumerate(zip(vectors, labels, strict=True), start=first)
        ]
        self._store.append(items, vectors)

    def finish(self) -> None:
        """Publish the index."""
        self._publishing.close()

    def open(self, folder: Path, _dim: int, _threads: int, writing: bool) -> None:
        """Open the store as a reader, or as its writer."""
        self._store = Store.open(folder / "store", writing=writing)

    def rows(self) -> list[Row]:
        """Return every item."""
        return [(int(item.key), item.label) for item in self._store.items()]

    def search(self, query: NDArray[np.float32], k: int) -> BatchHits:
        """Search one."""
        return self._store.nearest(query, k)

    def search_batch(self, queries: NDArray[np.float32], k: int) -> BatchHits:
        """Search all at once."""
        return self._store.nearest(queries, k)

    def hits(self, result: BatchHits) -> list[list[Row]]:
        """Convert the keys, which are the numbers."""
        return [[(int(hit.key), hit.label) for hit in hits] for hits in result]

    def close(self) -> None:
        """Close the store."""
        self._store.close()
