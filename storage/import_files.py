"""Read items with precomputed vectors from other tools' files, a page at a time.

A file has a column (Parquet) or an array (`.npz`) `key` and `vector`, and perhaps `label` and `metadata` (JSON text);
others are left alone. Nothing that is pickled is read.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import FileUnusable
from storage.items import NewItem
from storage.vectors import checked_vectors

#: Items read at once.
PAGE = 4096

#: Items and their vectors, (n, dim) float32, of the same dimension in every page.
Page = tuple[list[NewItem], NDArray[np.float32]]
Pages = Iterator[Page]

_NEEDED = ("key", "vector")
_OPTIONAL = ("label", "metadata")


def from_parquet(file: Path) -> Pages:
    """Read a Parquet file; raise FileUnusable when it is none, or not such a one, and InvalidVectors."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    dim = None
    start = 0
    try:
        with pq.ParquetFile(file) as parquet:
            names = _columns_of(file, parquet.schema_arrow.names)
            for batch in parquet.iter_batches(PAGE, columns=names):
                columns = {name: batch.column(name).to_pylist() for name in names if name != "vector"}
                vectors = _rows_of_lists(file, start, batch.column("vector"))
                dim = vectors.shape[1] if dim is None else dim
                yield _page(file, start, columns, vectors, dim)
                start += len(vectors)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(file, error) from error


def _rows_of_lists(file: Path, start: int, lists: Any) -> NDArray[Any]:
    """Return a column of lists as an array of rows; raise FileUnusable unless all have the same length."""
    import pyarrow as pa

    kind = lists.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not is_list or not (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)):
        raise FileUnusable(f"expected lists of numbers in column vector of {file}, got {kind}")
    lengths = lists.value_lengths() if not pa.types.is_fixed_size_list(kind) else None
    if lists.null_count:
        row = start + int(np.argmin(np.asarray(lists.is_valid())))
        raise FileUnusable(f"expected a vector in every row of {file}, got none in row {row}")
    if lengths is None:
        return np.asarray(lists.flatten()).reshape(len(lists), kind.list_size)
    found = np.asarray(lengths)
    if (found != found[0]).any():
        row = int(np.argmax(found != found[0]))
        raise FileUnusable(
            f"expected vectors of one length in {file}, got {found[0]} numbers before row {start + row} and "
            f"{found[row]} in it"
        )
    return np.asarray(lists.flatten()).reshape(len(lists), int(found[0]))


def from_npz(file: Path) -> Pages:
    """Read an `.npz` file; raise FileUnusable when it is none, or not such a one, and InvalidVectors.

    An array `labelled` of truth values, where there is one, tells an empty label from none.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            known = [name.removesuffix(".npy") for name in archive.namelist()]
        names = _columns_of(file, known)
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in [*names, *({"labelled"} & set(known))]}
    except (OSError, ValueError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(file, error) from error
    vectors = found.pop("vector")
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        raise FileUnusable(
            f"expected rows of numbers in array vector of {file}, got {vectors.dtype} of shape {vectors.shape}"
        )
    for name, array in found.items():
        if array.shape != vectors.shape[:1]:
            raise FileUnusable(
                f"expected {len(vectors)} values in array {name} of {file}, got an array of shape {array.shape}"
            )
    columns = {name: found[name].tolist() for name in names if name != "vector"}
    if "label" in columns and "labelled" in found:
        marked = zip(columns["label"], found["labelled"].tolist(), strict=True)
        columns["label"] = [label if labelled else None for label, labelled in marked]
    for start in range(0, len(vectors), PAGE):
        some = {name: column[start : start + PAGE] for name, column in columns.items()}
        yield _page(file, start, some, vectors[start : start + PAGE], vectors.shape[1])


def _columns_of(file: Path, found: Sequence[str]) -> list[str]:
    """Return the names of the columns to read; raise FileUnusable when one that is needed is missing."""
    for name in _NEEDED:
        if name not in found:
            raise FileUnusable(f"expected {' and '.join(_NEEDED)} in {file}, got {', '.join(found) or 'nothing'}")
    return [*_NEEDED, *(name for name in _OPTIONAL if name in found)]


def _page(file: Path, start: int, columns: Mapping[str, Sequence[Any]], given: NDArray[Any], dim: int) -> Page:
    """Return the items of some rows, the first of them row `start` of the file."""
    if not dim:
        raise FileUnusable(f"expected vectors of at least one number in {file}, got empty ones")
    vectors = checked_vectors(given, dim, first_row=start)
    nothing = [None] * len(vectors)
    rows = zip(columns["key"], columns.get("label", nothing), columns.get("metadata", nothing), vectors, strict=True)
    items = []
    for row, (key, label, metadata, vector) in enumerate(rows, start=start):
        if key is None:
            raise FileUnusable(f"expected a key in every row of {file}, got none in row {row}")
        shown = None if label is None else _text(file, row, label)
        details = _details(file, row, metadata)
        content = hashlib.sha256(json.dumps([shown, details], sort_keys=True).encode() + vector.tobytes()).digest()
        items.append(NewItem(_text(file, row, key), content, shown, details))
    return items, vectors


def _text(file: Path, row: int, value: Any) -> str:
    """Return a key or label as text; numbers are written out."""
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise FileUnusable(f"expected text as UTF-8 in row {row} of {file}, got {value[:100]!r}") from error


def _details(file: Path, row: int, metadata: Any) -> dict[str, Any]:
    """Return a row's metadata; none and an empty text are no metadata."""
    try:
        details = json.loads(metadata) if metadata else {}
    except (TypeError, ValueError):
        details = None
    if not isinstance(details, dict):
        raise FileUnusable(f"expected a JSON object as metadata in row {row} of {file}, got {str(metadata)[:100]!r}")
    return details


def _unreadable(file: Path, error: Exception) -> FileUnusable:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return FileUnusable(f"expected a file that can be read at {file}, got '{' '.join(reason.split())}'")
