"""Read items with precomputed vectors from other tools' files, a page at a time: Parquet here, `.npz` in `import_npz`.

A file has a column (Parquet) or an array (`.npz`) `key` and `vector`, and perhaps `label` and `metadata` (JSON text);
others are left alone.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import FileUnusable, LookalikeError
from storage.types.items import NewItem
from storage.types.vectors import checked_vectors

#: Items read at once.
PAGE = 4096

#: The most bytes of a column or array that are held at once.
MOST_BYTES = 2**26

#: Items and their vectors, (n, dim) float32, of the same dimension in every page.
Page = tuple[list[NewItem], NDArray[np.float32]]
Pages = Iterator[Page]

_NEEDED = ("key", "vector")
_OPTIONAL = ("label", "metadata")
_TEXTS = ("key", *_OPTIONAL)


def from_parquet(file: Path) -> Pages:
    """Read a Parquet file; raise FileUnusable when it is none, or not such a one, and InvalidVectors."""
    import pyarrow.parquet as pq

    dim = None
    start = 0
    try:
        metadata = pq.read_metadata(file)
        columns = map(metadata.schema.column, range(metadata.num_columns))
        texts = [one.path for one in columns if one.path in _TEXTS and one.physical_type == "BYTE_ARRAY"]
        # A text that many rows share is read once.
        with pq.ParquetFile(file, metadata=metadata, read_dictionary=texts) as parquet:
            names = columns_of(file, parquet.schema_arrow.names)
            for batch in parquet.iter_batches(_rows_at_once(file, parquet), columns=names):
                values = {name: _values(file, start, batch.column(name)) for name in names if name != "vector"}
                vectors = _rows_of_lists(file, start, batch.column("vector"))
                dim = vectors.shape[1] if dim is None else dim
                yield page_of(file, start, values, vectors, dim)
                start += len(vectors)
    except LookalikeError:
        raise
    except Exception as error:
        # Whatever pyarrow stumbles over in a file of anything.
        raise unreadable(file, error) from error


def _rows_at_once(file: Path, parquet: Any) -> int:
    """Return how many rows a page may have to stay within bounds; raise FileUnusable when not even one does."""
    most = 1
    for vector in parquet.iter_batches(1, columns=["vector"]):
        # Equal numbers take next to no space in a file; the first vector tells how long all must be.
        most = len(vector.column(0).flatten()) * 8 if hasattr(vector.column(0), "flatten") else 1
        break
    # The metadata of single columns would tell more, but reading a damaged one aborts the process.
    for group in map(parquet.metadata.row_group, range(parquet.metadata.num_row_groups)):
        most = max(most, group.total_byte_size // max(group.num_rows, 1))
    if most > MOST_BYTES:
        raise FileUnusable(f"expected rows of at most {MOST_BYTES:,} bytes in {file}, got {most:,}")
    return min(PAGE, MOST_BYTES // most)


def _values(file: Path, start: int, column: Any) -> list[Any]:
    """Return a column's values; raise FileUnusable when equal texts in it would fill the memory once they are apart."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type) and column.type.value_type in (pa.string(), pa.binary()):
        total = pc.sum(pc.take(pc.binary_length(column.dictionary), column.indices)).as_py() or 0
        if total > MOST_BYTES:
            raise FileUnusable(
                f"expected texts of at most {MOST_BYTES:,} bytes in {len(column):,} rows of {file}, got {total:,} from "
                f"row {start} on"
            )
    values: list[Any] = column.to_pylist()
    return values


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


def columns_of(file: Path, found: Sequence[str]) -> list[str]:
    """Return the names of the columns to read; raise FileUnusable when one that is needed is missing."""
    for name in _NEEDED:
        if name not in found:
            raise FileUnusable(f"expected {' and '.join(_NEEDED)} in {file}, got {', '.join(found) or 'nothing'}")
    return [*_NEEDED, *(name for name in _OPTIONAL if name in found)]


def page_of(file: Path, start: int, columns: Mapping[str, Sequence[Any]], given: NDArray[Any], dim: int) -> Page:
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
    except (TypeError, ValueError, RecursionError):
        details = None
    if not isinstance(details, dict):
        raise FileUnusable(f"expected a JSON object as metadata in row {row} of {file}, got {str(metadata)[:100]!r}")
    return details


def unreadable(file: Path, error: Exception) -> FileUnusable:
    """Say in one line why a file cannot be read."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return FileUnusable(f"expected a file that can be read at {file}, got '{' '.join(reason.split())}'")
