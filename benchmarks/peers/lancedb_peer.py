"""LanceDB without a vector index: it compares every vector, on disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.peers.peer import Row


class LanceDbPeer:
    """A table of id, label and vector; each insert creates a version."""

    def create(self, folder: Path, dim: int, _threads: int) -> None:
        """Create the table; threads are set in the environment."""
        schema = pa.schema([("id", pa.int64()), ("label", pa.string()), ("vector", pa.list_(pa.float32(), dim))])
        self._table: Any = lancedb.connect(str(folder)).create_table("items", schema=schema)

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Add an Arrow table."""
        columns = {
            "id": np.arange(first, first + len(vectors)),
            "label": list(labels),
            "vector": pa.FixedSizeListArray.from_arrays(vectors.ravel(), vectors.shape[1]),
        }
        self._table.add(pa.table(columns, schema=self._table.schema))

    def finish(self) -> None:
        """Compact, as its documentation advises after many small inserts."""
        self._table.optimize()

    def open(self, folder: Path, _dim: int, _threads: int, _writing: bool) -> None:
        """Open the table."""
        self._table = lancedb.connect(str(folder)).open_table("items")

    def rows(self) -> list[Row]:
        """Return every row."""
        rows = self._table.to_arrow().select(["id", "label"]).to_pydict()
        return list(zip(rows["id"], rows["label"], strict=True))

    def search(self, query: NDArray[np.float32] | list[NDArray[np.float32]], k: int) -> Any:
        """Search one, or all of a list."""
        return self._table.search(query).distance_type("l2").select(["id", "label"]).limit(k).to_arrow()

    def search_batch(self, queries: NDArray[np.float32], k: int) -> Any:
        """Search all at once."""
        return self.search(list(queries), k)

    def hits(self, result: Any) -> list[list[Row]]:
        """Group the rows by query, each query's nearest first."""
        rows = result.to_pydict()
        queries = rows.get("query_index") or [0] * len(rows["id"])
        hits: list[list[Row]] = [[] for _ in range(max(queries) + 1)]
        ordered = sorted(zip(queries, rows["_distance"], rows["id"], rows["label"], strict=True))
        for query, _, number, label in ordered:
            hits[query].append((number, label))
        return hits

    def close(self) -> None:
        """Do nothing: nothing needs closing."""
