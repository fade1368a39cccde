"""Milvus Lite: Milvus' interface over an engine in this process."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymilvus import DataType, MilvusClient

from benchmarks.peers.peer import Found

_FILE = "milvus.db"

#: Rows that are listed at once: a query may return no more.
PAGE = 10_000


class Subject:
    """One collection with a FLAT index in Euclidean space, the label a field."""

    def create(self, folder: Path, dim: int, threads: int) -> None:
        """Make the collection; it has no setting for threads."""
        del threads
        self._client: Any = MilvusClient(str(folder / _FILE))
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("label", DataType.VARCHAR, max_length=64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
        index = self._client.prepare_index_params()
        index.add_index("vector", index_type="FLAT", metric_type="L2")
        self._client.create_collection("items", schema=schema, index_params=index)

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Insert a batch."""
        rows = [
            {"id": number, "label": label, "vector": vector}
            for number, (vector, label) in enumerate(zip(vectors, labels, strict=True), start=first)
        ]
        self._client.insert("items", rows)

    def finish(self) -> None:
        """Flush, as before every search of what must be there."""
        self._client.flush("items")

    def open(self, folder: Path, dim: int, threads: int, *, writing: bool = False) -> None:
        """Open the file and load the collection."""
        del dim, threads, writing
        self._client = MilvusClient(str(folder / _FILE))
        self._client.load_collection("items")

    def stored(self) -> list[Found]:
        """Return every row, by ranges of ids."""
        rows: list[Found] = []
        while True:
            last = rows[-1][0] if rows else -1
            page = self._client.query("items", filter=f"id > {last} and id <= {last + PAGE}", output_fields=["label"])
            if not page:
                return rows
            rows += sorted((row["id"], row["label"]) for row in page)

    def ask(self, query: NDArray[np.float32], k: int) -> Any:
        """Ask one."""
        return self.ask_many(query[np.newaxis], k)

    def ask_many(self, queries: NDArray[np.float32], k: int) -> Any:
        """Ask all at once."""
        return self._client.search("items", data=list(queries), limit=k, output_fields=["label"])

    def found(self, answer: Any) -> list[list[Found]]:
        """Hits carry their fields."""
        return [[(hit["id"], hit["entity"]["label"]) for hit in hits] for hits in answer]

    def close(self) -> None:
        """Close the client."""
        self._client.close()
