"""Qdrant's local mode: the implementation in its client, without a server."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models

from benchmarks.peers.peer import Row

#: Points of one scroll.
_PAGE = 10_000


class QdrantPeer:
    """`QdrantClient(path=...)`, one collection in Euclidean space, labels as payload."""

    def create(self, folder: Path, dim: int, _threads: int) -> None:
        """Create the collection; NumPy compares vectors, with threads set in the environment."""
        self._client: Any = QdrantClient(path=str(folder))
        space = models.VectorParams(size=dim, distance=models.Distance.EUCLID)
        self._client.create_collection("items", vectors_config=space)

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Upsert the points."""
        batch = models.Batch(
            ids=list(range(first, first + len(vectors))),
            vectors=vectors.tolist(),
            payloads=[{"label": label} for label in labels],
        )
        with warnings.catch_warnings():
            # Above 20,000 points it warns that it is not made for so many, as its note in the report says.
            warnings.simplefilter("ignore")
            self._client.upsert("items", batch)

    def finish(self) -> None:
        """Do nothing."""

    def open(self, folder: Path, _dim: int, _threads: int, _writing: bool) -> None:
        """Open the folder."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._client = QdrantClient(path=str(folder))

    def rows(self) -> list[Row]:
        """Return every point."""
        rows: list[Row] = []
        after = None
        while True:
            points, after = self._client.scroll("items", limit=_PAGE, offset=after)
            rows += [(point.id, point.payload["label"]) for point in points]
            if after is None:
                return rows

    def search(self, query: NDArray[np.float32], k: int) -> Any:
        """Search one."""
        return [self._client.query_points("items", query=query.tolist(), limit=k, with_payload=True)]

    def search_batch(self, queries: NDArray[np.float32], k: int) -> Any:
        """Search all at once."""
        requests = [models.QueryRequest(query=query, limit=k, with_payload=True) for query in queries.tolist()]
        return self._client.query_batch_points("items", requests=requests)

    def hits(self, result: Any) -> list[list[Row]]:
        """Convert the points, which hold their payload."""
        return [[(point.id, point.payload["label"]) for point in response.points] for response in result]

    def close(self) -> None:
        """Close the client."""
        self._client.close()
