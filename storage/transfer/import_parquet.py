"""Read items with precomputed vectors from a Parquet file, a page at a time."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import FileUnusable
from storage.transfer.import_page import MAX_BYTES, MAX_ROWS, TEXT_COLUMNS, Pages, columns_to_read, page_of, read_errors


def from_parquet(file: Path) -> Pages:
    """Read the pages of a Parquet file; raise FileUnusable or InvalidVectors."""
    import pyarrow.parquet as pq

    dim = None
    start = 0
    with read_errors(file):
        metadata = pq.read_metadata(file)
        columns = map(metadata.schema.column, range(metadata.num_columns))
        texts = [
            column.path for column in columns if column.path in TEXT_COLUMNS and column.physical_type == "BYTE_ARRAY"
        ]
        # Read as dictionaries, texts that many rows share take memory once.
        with pq.ParquetFile(file, metadata=metadata, read_dictionary=texts) as parquet:
            names = columns_to_read(file, parquet.schema_arrow.names)
            for batch in parquet.iter_batches(_rows_per_page(file, parquet), columns=names):
                values = {name: _values(file, start, batch.column(name)) for name in names if name != "vector"}
                vectors = _rows_of_lists(file, start, batch.column("vector"))
                dim = vectors.shape[1] if dim is None else dim
                yield page_of(file, start, values, vectors, dim)
                start += len(vectors)


def _rows_per_page(file: Path, parquet: Any) -> int:
    """Return how many rows fit into a page of MAX_BYTES; raise FileUnusable if one row does not."""
    row_bytes = 1
    for batch in parquet.iter_batches(1, columns=["vector"]):
        # Equal numbers take next to no space in a file, so the size is that of the first vector: all have its length.
        row_bytes = len(batch.column(0).flatten()) * 8 if hasattr(batch.column(0), "flatten") else 1
        break
    # The metadata of single columns has more exact sizes, but reading damaged metadata aborts the process.
    for group in map(parquet.metadata.row_group, range(parquet.metadata.num_row_groups)):
        row_bytes = max(row_bytes, group.total_byte_size // max(group.num_rows, 1))
    if row_bytes > MAX_BYTES:
        raise FileUnusable(f"expected rows of at most {MAX_BYTES:,} bytes in {file}, got {row_bytes:,}")
    return min(MAX_ROWS, MAX_BYTES // row_bytes)


def _values(file: Path, start: int, column: Any) -> list[Any]:
    """Return a column's values; raise FileUnusable if its texts, one by one, would take more than MAX_BYTES."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type) and column.type.value_type in (pa.string(), pa.binary()):
        total = pc.sum(pc.take(pc.binary_length(column.dictionary), column.indices)).as_py() or 0
        if total > MAX_BYTES:
            raise FileUnusable(
                f"expected texts of at most {MAX_BYTES:,} bytes in {len(column):,} rows of {file}, got {total:,} from "
                f"row {start} on"
            )
        column = pc.take(column.dictionary, column.indices)
    values: list[Any] = column.to_pylist()
    return values


def _rows_of_lists(file: Path, start: int, lists: Any) -> NDArray[Any]:
    """Return a column of lists as an array of rows; raise FileUnusable unless all have the same length."""
    import pyarrow as pa

    kind = lists.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not is_list or not (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)):
        raise FileUnusable(f"expected lists of numbers in column vector of {file}, got {kind}")
    if lists.null_count:
        row = start + int(np.argmin(np.asarray(lists.is_valid())))
        raise FileUnusable(f"expected a vector in every row of {file}, got none in row {row}")
    if pa.types.is_fixed_size_list(kind):
        return _numbers(lists.flatten()).reshape(len(lists), kind.list_size)
    sizes = _numbers(lists.value_lengths())
    if (sizes != sizes[0]).any():
        row = int(np.argmax(sizes != sizes[0]))
        raise FileUnusable(
            f"expected vectors of one length in {file}, got {sizes[0]} numbers before row {start + row} and "
            f"{sizes[row]} in it"
        )
    return _numbers(lists.flatten()).reshape(len(lists), int(sizes[0]))


def _numbers(array: Any) -> NDArray[Any]:
    """Return an array's numbers, NaN for null: Arrow's own conversion, needed for null, imports pandas first."""
    if array.null_count:
        return np.asarray(array)
    _, data = array.buffers()
    dtype = np.dtype(array.type.to_pandas_dtype())
    return np.frombuffer(data or b"", dtype, len(array), array.offset * dtype.itemsize)
