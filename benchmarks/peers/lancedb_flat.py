"""LanceDB without a vector index: every vector is compared, on disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.peers.peer import Found


class Subject:
    """A table of id, label and vector; each insert is a version of its own."""

    def create(self, folder: Path, dim: int, threads: int) -> None:
        """Make the table; threads are those of the environment."""
        del threads
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

    def open(self, folder: Path, dim: int, threads: int, *, writing: bool = False) -> None:
        """Open the table."""
        del dim, threads, writing
        self._table = lancedb.connect(str(folder)).open_table("items")

    def stored(self) -> list[Found]:
        """Return every row."""
        rows = self._table.to_arrow().select(["id", "label"]).to_pydict()
        return list(zip(rows["id"], rows["label"], strict=True))

    def ask(self, query: NDArray[np.float32], k: int) -> Any:
        """Ask one."""
        return self._table.search(query).distance_type("l2").select(["id", "label"]).limit(k).to_arrow()

    def ask_many(self, queries: NDArray[np.float32], k: int) -> Any:
        """Ask all at once."""
        return self._table.search(list(queries)).distance_type("l2").select(["id", "label"]).limit(k).to_arrow()

    def found(self, answer: Any) -> list[list[Found]]:
        """Part the rows by query; those of one come nearest first."""
        rows = answer.to_pydict()
        places = rows.get("query_index") or [0] * len(rows["id"])
        hits: list[list[Found]] = [[] for _ in range(max(places) + 1)]
        ordered = sorted(zip(places, rows["_distance"], rows["id"], rows["label"], strict=True))
        for place, _, number, label in ordered:
            hits[place].append((number, label))
        return hits

    def close(self) -> None:
        """Nothing needs closing."""
