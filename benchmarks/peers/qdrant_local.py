"""Qdrant's local mode: its client's own implementation, without a server."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models

from benchmarks.peers.peer import Found

#: Points that are listed at once.
PAGE = 10_000


class Subject:
    """`QdrantClient(path=...)`, one collection in Euclidean space, labels as payload."""

    def create(self, folder: Path, dim: int, threads: int) -> None:
        """Make the collection; NumPy compares, with the threads of the environment."""
        del threads
        self._client: Any = QdrantClient(path=str(folder))
        space = models.VectorParams(size=dim, distance=models.Distance.EUCLID)
        self._client.create_collection("items", vectors_config=space)

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Upsert a batch."""
        batch = models.Batch(
            ids=list(range(first, first + len(vectors))),
            vectors=vectors.tolist(),
            payloads=[{"label": label} for label in labels],
        )
        with warnings.catch_warnings():
            # It says that it is not made for more than 20,000 points; so does our note.
            warnings.simplefilter("ignore")
            self._client.upsert("items", batch)

    def finish(self) -> None:
        """Nothing is left to do."""

    def open(self, folder: Path, dim: int, threads: int, *, writing: bool = False) -> None:
        """Open the folder."""
        del dim, threads, writing
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._client = QdrantClient(path=str(folder))

    def stored(self) -> list[Found]:
        """Return every point."""
        rows: list[Found] = []
        after = None
        while True:
            points, after = self._client.scroll("items", limit=PAGE, offset=after)
            rows += [(point.id, point.payload["label"]) for point in points]
            if after is None:
                return rows

    def ask(self, query: NDArray[np.float32], k: int) -> Any:
        """Ask one."""
        return [self._client.query_points("items", query=query.tolist(), limit=k, with_payload=True)]

    def ask_many(self, queries: NDArray[np.float32], k: int) -> Any:
        """Ask all at once."""
        requests = [models.QueryRequest(query=query, limit=k, with_payload=True) for query in queries.tolist()]
        return self._client.query_batch_points("items", requests=requests)

    def found(self, answer: Any) -> list[list[Found]]:
        """Points carry their payload."""
        return [[(point.id, point.payload["label"]) for point in one.points] for one in answer]

    def close(self) -> None:
        """Close the client."""
        self._client.close()
