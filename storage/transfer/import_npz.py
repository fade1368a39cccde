"""Read items with precomputed vectors from an `.npz` file, a page at a time.

The arrays are read as streams: a file says how large they are, and a small compressed one can hold, or claim, more than
any memory. Nothing that is pickled is read.
"""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import FileUnusable, LookalikeError
from storage.transfer.import_files import MOST_BYTES, PAGE, Pages, columns_of, page_of, unreadable

#: The most bytes of an array whose columns lie one after another, and which is read at once.
_MOST_BYTES_BY_COLUMN = 2**30

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class _Array:
    """An array of a file, read from its start on, some rows at a time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        version = np.lib.format.read_magic(stream)
        if version not in _HEADERS:
            raise ValueError(f"an array in version {version} of the format")
        self.shape, by_column, self.dtype = _HEADERS[version](stream)
        if self.dtype.hasobject:
            raise ValueError("Object arrays cannot be loaded when allow_pickle=False")
        self.row_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        self._by_column = by_column and len(self.shape) > 1
        if self._by_column and self.row_bytes * self.shape[0] > _MOST_BYTES_BY_COLUMN:
            raise ValueError(f"{self.shape} values in the order of its columns, where rows are expected")
        self._whole: NDArray[Any] | None = None
        self._read = 0

    def rows(self, count: int) -> NDArray[Any]:
        """Return the next rows."""
        start, self._read = self._read, self._read + count
        if self._by_column:
            if self._whole is None:
                data = self._bytes(self.row_bytes * self.shape[0])
                self._whole = np.frombuffer(data, self.dtype).reshape(self.shape, order="F")
            return self._whole[start : self._read]
        shape = (count, *self.shape[1:])
        return np.frombuffer(self._bytes(count * self.row_bytes), self.dtype, math.prod(shape)).reshape(shape)

    def _bytes(self, count: int) -> bytearray:
        """Return the next bytes, taking no more memory than there are; raise EOFError when there are fewer."""
        data = bytearray()
        while len(data) < count:
            part = self._stream.read(min(count - len(data), MOST_BYTES))
            if not part:
                raise EOFError(f"{count:,} bytes of an array were announced, and {len(data):,} are there")
            data += part
        return data


def from_npz(file: Path) -> Pages:
    """Read an `.npz` file; raise FileUnusable when it is none, or not such a one, and InvalidVectors.

    An array `labelled` of truth values, where there is one, tells an empty label from none.
    """
    with _parsed(file):
        archive = zipfile.ZipFile(file)
    with archive:
        known = [name.removesuffix(".npy") for name in archive.namelist()]
        names = [*columns_of(file, known), *({"labelled"} & set(known))]
        with _parsed(file):
            arrays = {name: _Array(archive.open(f"{name}.npy")) for name in names}
        count, dim = _checked_shape(file, arrays)
        step = max(1, min(PAGE, MOST_BYTES // max(1, *(array.row_bytes for array in arrays.values()))))
        for start in range(0, count, step):
            with _parsed(file):
                rows = {name: array.rows(min(step, count - start)) for name, array in arrays.items()}
            columns = {name: rows[name].tolist() for name in names if name != "vector"}
            if "label" in columns and "labelled" in columns:
                marked = zip(columns["label"], columns["labelled"], strict=True)
                columns["label"] = [label if labelled else None for label, labelled in marked]
            yield page_of(file, start, columns, rows["vector"], dim)


def _checked_shape(file: Path, arrays: dict[str, _Array]) -> tuple[int, int]:
    """Return how many items there are, and of how many dimensions; raise FileUnusable when arrays do not fit."""
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
        if array.row_bytes > MOST_BYTES:
            raise FileUnusable(
                f"expected values of at most {MOST_BYTES:,} bytes in array {name} of {file}, got {array.row_bytes:,}"
            )
    return count, dim


@contextmanager
def _parsed(file: Path) -> Iterator[None]:
    """Raise FileUnusable for whatever zipfile, its decompressors and numpy stumble over in a file of anything."""
    try:
        yield
    except LookalikeError:
        raise
    except Exception as error:
        raise unreadable(file, error) from error
