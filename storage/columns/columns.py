"""The rows of a store without their vectors, as columns in memory."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from storage.catalog.row import VECTOR_DTYPE, Row
from storage.types.label_counts import LabelCounts, in_order


class Columns:
    """Rows by position, in the order of their ids: position p is that of a generation's vector p.

    `batch` is an Arrow record batch of a schema that `schema_of` returns. It is trusted: `arrow_file` validates what it
    reads. Nothing is copied.
    """

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch
        self._ids, self._batches = integers(batch.column("id")), integers(batch.column("batch"))
        self.ids: NDArray[np.int64] = np.asarray(self._ids)
        self._fields = [_Slices(batch.column(name)) for name in ("key", "label", "content", "metadata")]
        self._checksums = _FixedSlices(batch.column("checksum"))

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.batch.num_rows)

    def rows(self, positions: NDArray[np.int64], vectors: NDArray[np.float32]) -> list[Row]:
        """Return the rows at these positions, (n,), with their vectors, (n, dim): unchecked."""
        data = [vector.tobytes() for vector in vectors.astype(VECTOR_DTYPE, copy=False)]
        at = positions.tolist()
        ids, batches = map(self._ids.__getitem__, at), map(self._batches.__getitem__, at)
        fields = [column.at(at) for column in self._fields]
        return [Row._make(values) for values in zip(ids, batches, *fields, data, self._checksums.at(at), strict=True)]

    def label_counts(self) -> LabelCounts:
        """Count the rows of each label, in order of the labels and None last."""
        pairs = self.batch.column("label").value_counts().to_pylist()
        return in_order({pair["values"]: pair["counts"] for pair in pairs})

    def keep(self, mask: NDArray[np.bool_]) -> "Columns":
        """Return the rows where the mask, (n,) bool, is true."""
        return self if mask.all() else Columns(self.batch.filter(pa.array(mask)))


class _Slices:
    """The values of a column of texts or bytes of any length, for rows one by one: NumPy is made for many."""

    def __init__(self, column: pa.Array) -> None:
        validity, offsets, data = column.buffers()
        self._offsets = _words(offsets, len(column) + 1)
        self._data = memoryview(data or b"")
        self._validity = memoryview(validity) if validity is not None and column.null_count else None

    def at(self, positions: list[int]) -> list[bytes | None]:
        offsets, data, validity = self._offsets, self._data, self._validity
        values: list[bytes | None] = [bytes(data[offsets[at] : offsets[at + 1]]) for at in positions]
        if validity is None:
            return values
        return [
            value if validity[at >> 3] >> (at & 7) & 1 else None for at, value in zip(positions, values, strict=True)
        ]


class _FixedSlices:
    """The values of a column of as many bytes each."""

    def __init__(self, column: pa.Array) -> None:
        _, data = column.buffers()
        self._width = column.type.byte_width
        self._data = memoryview(data or b"")

    def at(self, positions: list[int]) -> list[bytes]:
        width, data = self._width, self._data
        return [bytes(data[at * width : (at + 1) * width]) for at in positions]


def integers(column: pa.Array) -> memoryview:
    """Return a column of 64-bit integers without nulls; `to_numpy` would import pandas."""
    _, data = column.buffers()
    return _words(data, len(column))


def _words(data: pa.Buffer | None, count: int) -> memoryview:
    """Return a buffer as 64-bit integers; Arrow leaves it out, or empty, where there are no rows, and may pad it."""
    return memoryview(data or b"").cast("B")[: 8 * count].cast("q")
