"""Read items with precomputed vectors from an `.npz` file, a page at a time.

The arrays are read as streams: a small compressed file can hold, or claim in its headers, more than fits into memory.
Pickled objects are refused.
"""

import math
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import FileUnusable
from storage.files.npy_header import read_npy_header
from storage.transfer.import_page import MAX_BYTES, MAX_ROWS, Pages, columns_to_read, page_of, read_errors

#: The most bytes of an array in Fortran order, which must be read at once.
_MAX_BYTES_FORTRAN = 2**30


class _ArrayStream:
    """An array in a file, read in order, a number of rows at a time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.shape, fortran_order, self.dtype = read_npy_header(stream)
        if self.dtype.hasobject:
            raise ValueError("Object arrays cannot be loaded when allow_pickle=False")
        self.row_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        self._fortran_order = fortran_order and len(self.shape) > 1
        if self._fortran_order and self.row_bytes * self.shape[0] > _MAX_BYTES_FORTRAN:
            raise ValueError(f"{self.shape} values in Fortran order, where C order is expected")
        self._array: NDArray[Any] | None = None
        self._position = 0

    def read(self, count: int) -> NDArray[Any]:
        """Return the next `count` rows."""
        start, self._position = self._position, self._position + count
        if self._fortran_order:
            if self._array is None:
                data = self._read_bytes(self.row_bytes * self.shape[0])
                self._array = np.frombuffer(data, self.dtype).reshape(self.shape, order="F")
            return self._array[start : self._position]
        shape = (count, *self.shape[1:])
        return np.frombuffer(self._read_bytes(count * self.row_bytes), self.dtype, math.prod(shape)).reshape(shape)

    def _read_bytes(self, count: int) -> bytearray:
        """Return the next `count` bytes, with memory only for those that exist; raise EOFError if there are fewer."""
        data = bytearray()
        while len(data) < count:
            part = self._stream.read(min(count - len(data), MAX_BYTES))
            if not part:
                raise EOFError(f"{count:,} bytes of an array were expected, and {len(data):,} are there")
            data += part
        return data


def from_npz(file: Path) -> Pages:
    """Read the pages of an `.npz` file; raise FileUnusable or InvalidVectors.

    An optional array `labelled` of bools is true for a label, even an empty one.
    """
    with ExitStack() as stack:
        with read_errors(file):
            archive = stack.enter_context(zipfile.ZipFile(file))
        stored = [name.removesuffix(".npy") for name in archive.namelist()]
        names = [*columns_to_read(file, stored), *({"labelled"} & set(stored))]
        with read_errors(file):
            arrays = {name: _ArrayStream(stack.enter_context(archive.open(f"{name}.npy"))) for name in names}
        count, dim = _checked_shape(file, arrays)
        step = max(1, min(MAX_ROWS, MAX_BYTES // max(1, *(array.row_bytes for array in arrays.values()))))
        for start in range(0, count, step):
            with read_errors(file):
                rows = {name: array.read(min(step, count - start)) for name, array in arrays.items()}
            columns = {name: rows[name].tolist() for name in names if name != "vector"}
            if "label" in columns and "labelled" in columns:
                pairs = zip(columns["label"], columns["labelled"], strict=True)
                columns["label"] = [label if labelled else None for label, labelled in pairs]
            yield page_of(file, start, columns, rows["vector"], dim)


def _checked_shape(file: Path, arrays: dict[str, _ArrayStream]) -> tuple[int, int]:
    """Return the number of items and of dimensions; raise FileUnusable if the arrays' shapes do not fit together."""
    vectors = arrays["vector"]
    if len(vectors.shape) != 2 or vectors.dtype.kind not in "fiu":
        raise FileUnusable(
            f"expected rows of numbers in array vector of {file}, got {vectors.dtype} of shape {vectors.shape}"
        )
    count, dim = vectors.shape
    if count and not dim:
        raise FileUnusable(f"expected vectors of at least one number in {file}, got empty ones")
    for name, array in arrays.items():
        if name != "vector" and array.shape != (count,):
            raise FileUnusable(
                f"expected {count} values in array {name} of {file}, got an array of shape {array.shape}"
            )
        if array.row_bytes > MAX_BYTES:
            raise FileUnusable(
                f"expected values of at most {MAX_BYTES:,} bytes in array {name} of {file}, got {array.row_bytes:,}"
            )
    return count, dim
