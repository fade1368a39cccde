"""Milvus Lite: the Milvus API over an engine in this process."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymilvus import DataType, MilvusClient

from benchmarks.peers.peer import Row

_FILE = "milvus.db"

#: Rows of one query: it may return no more.
_PAGE = 10_000


class MilvusPeer:
    """One collection with a FLAT index in Euclidean space, the label a field."""

    def create(self, folder: Path, dim: int, _threads: int) -> None:
        """Create the collection; it has no setting for threads."""
        self._client: Any = MilvusClient(str(folder / _FILE))
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("label", DataType.VARCHAR, max_length=64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
        index = self._client.prepare_index_params()
        index.add_index("vector", index_type="FLAT", metric_type="L2")
        self._client.create_collection("items", schema=schema, index_params=index)

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Insert the rows."""
        rows = [
            {"id": number, "label": label, "vector": vector}
            for number, (vector, label) in enumerate(zip(vectors, labels, strict=True), start=first)
        ]
        self._client.insert("items", rows)

    def finish(self) -> None:
        """Flush, so that every search sees all rows."""
        self._client.flush("items")

    def open(self, folder: Path, _dim: int, _threads: int, _writing: bool) -> None:
        """Open the file and load the collection."""
        self._client = MilvusClient(str(folder / _FILE))
        self._client.load_collection("items")

    def rows(self) -> list[Row]:
        """Return every row, a range of ids at a time."""
        rows: list[Row] = []
        while True:
            last = rows[-1][0] if rows else -1
            page = self._client.query("items", filter=f"id > {last} and id <= {last + _PAGE}", output_fields=["label"])
            if not page:
                return rows
            rows += sorted((row["id"], row["label"]) for row in page)

    def search(self, query: NDArray[np.float32], k: int) -> Any:
        """Search a batch of one."""
        return self.search_batch(query[np.newaxis], k)

    def search_batch(self, queries: NDArray[np.float32], k: int) -> Any:
        """Search all at once."""
        return self._client.search("items", data=list(queries), limit=k, output_fields=["label"])

    def hits(self, result: Any) -> list[list[Row]]:
        """Convert the hits, which hold their fields."""
        return [[(hit["id"], hit["entity"]["label"]) for hit in hits] for hits in result]

    def close(self) -> None:
        """Close the client."""
        self._client.close()
