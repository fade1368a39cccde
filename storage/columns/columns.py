"""The rows of a store without their vectors, as columns in memory."""

import itertools

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from storage.catalog.row import VECTOR_DTYPE, Row
from storage.types.label_counts import LabelCounts, in_order

#: Rows that are read at once by another way than few.
_MANY = 64


class Columns:
    """Rows by position, in the order of their ids: position p is that of a generation's vector p.

    `batch` is an Arrow record batch of a schema that `schema_of` returns. It is trusted: `arrow_file` validates what it
    reads. Nothing is copied.
    """

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch
        self.ids: NDArray[np.int64] = np.asarray(integers(batch.column("id")))
        self._batches: NDArray[np.int64] = np.asarray(integers(batch.column("batch")))
        self._fields = [_Slices(batch.column(name)) for name in ("key", "label", "content", "metadata")]
        width, (_, checksums) = batch.schema.field("checksum").type.byte_width, batch.column("checksum").buffers()
        self._checksums = np.frombuffer(memoryview(checksums or b"")[: width * len(self)], np.uint8).reshape(-1, width)

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.batch.num_rows)

    def rows(self, positions: NDArray[np.int64], vectors: NDArray[np.float32]) -> list[Row]:
        """Return the rows at these positions, (n,), with their vectors, (n, dim): unchecked."""
        ids, batches = self.ids[positions].tolist(), self._batches[positions].tolist()
        key, label, content, metadata = (column.at(positions) for column in self._fields)
        data = _cut(vectors.astype(VECTOR_DTYPE, copy=False).tobytes(), vectors.shape[1] * VECTOR_DTYPE.itemsize)
        checksums = _cut(self._checksums[positions].tobytes(), self._checksums.shape[1])
        rows = zip(ids, batches, key, label, content, metadata, data, checksums, strict=True)
        return list(map(Row._make, rows))

    def label_counts(self) -> LabelCounts:
        """Count the rows of each label, in order of the labels and None last."""
        pairs = self.batch.column("label").value_counts().to_pylist()
        return in_order({pair["values"]: pair["counts"] for pair in pairs})

    def keep(self, mask: NDArray[np.bool_]) -> "Columns":
        """Return the rows where the mask, (n,) bool, is true."""
        return self if mask.all() else Columns(self.batch.filter(pa.array(mask)))


class _Slices:
    """The values of a column of texts or bytes of any length."""

    def __init__(self, column: pa.Array) -> None:
        self._column = column
        validity, offsets, data = column.buffers()
        self._offsets = _words(offsets, len(column) + 1)
        self._data = memoryview(data or b"")
        self._validity = memoryview(validity) if validity is not None and column.null_count else None

    def at(self, positions: NDArray[np.int64]) -> list[bytes | None]:
        """Return the values at positions, (n,)."""
        if len(positions) >= _MANY:
            # Gathered by Arrow, they are slices of one text: half the time a value, after 10 us.
            indices = pa.Array.from_buffers(
                pa.int64(), len(positions), [None, pa.py_buffer(np.ascontiguousarray(positions))]
            )
            return _Slices(self._column.take(indices))._all()
        offsets, data, validity = self._offsets, self._data, self._validity
        each = positions.tolist()
        values: list[bytes | None] = [bytes(data[offsets[at] : offsets[at + 1]]) for at in each]
        if validity is None:
            return values
        return [value if validity[at >> 3] >> (at & 7) & 1 else None for at, value in zip(each, values, strict=True)]

    def _all(self) -> list[bytes | None]:
        data = bytes(self._data)
        values: list[bytes | None] = [data[start:end] for start, end in itertools.pairwise(self._offsets.tolist())]
        if self._validity is None:
            return values
        valid = np.unpackbits(np.frombuffer(self._validity, np.uint8), count=len(values), bitorder="little").tolist()
        return [value if is_valid else None for is_valid, value in zip(valid, values, strict=True)]


def _cut(data: bytes, width: int) -> list[bytes]:
    """Return bytes cut into parts of the same width."""
    return [data[start : start + width] for start in range(0, len(data), width)]


def integers(column: pa.Array) -> memoryview:
    """Return a column of 64-bit integers without nulls; `to_numpy` would import pandas."""
    _, data = column.buffers()
    return _words(data, len(column))


def _words(data: pa.Buffer | None, count: int) -> memoryview:
    """Return a buffer as 64-bit integers; Arrow leaves it out, or empty, where there are no rows, and may pad it."""
    return memoryview(data or b"").cast("B")[: 8 * count].cast("q")
