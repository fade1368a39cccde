"""A file of columns is read as it was written, or not at all; other tools can read it too."""

import hashlib
import io
import random
import struct
from typing import Any

import pyarrow as pa
import pytest

from storage.columns.arrow_file import parse_columns, read_columns, write_columns
from storage.columns.columns import Columns
from storage.columns.columns_builder import empty_columns
from storage.columns.schema import schema_of, typed_field
from tests.storage.columns.column_rows import columns_of, rows_of
from tests.storage.filter_oracle import oracle_items

COLUMNS = columns_of(rows_of(oracle_items(random.Random(4)).stored))


def file_of(columns: Columns) -> bytes:
    out = io.BytesIO()
    write_columns(columns, out.write)
    return out.getvalue()


def read(data: bytes, size: int, sha256: bytes, count: int) -> pa.RecordBatch | None:
    columns = read_columns(io.BytesIO(data), size, sha256, count)
    return None if columns is None else columns.batch


def parsed(data: bytes, count: int = len(COLUMNS)) -> Columns | None:
    return parse_columns(pa.py_buffer(data), count)


@pytest.mark.parametrize("columns", [COLUMNS, empty_columns()])
def test_a_file_is_read_as_it_was_written(columns: Columns) -> None:
    data = file_of(columns)
    again = read(data, len(data), hashlib.sha256(data).digest(), len(columns))
    assert again is not None
    assert again.equals(columns.batch, check_metadata=True)


def test_other_tools_read_the_file() -> None:
    table = pa.ipc.open_file(io.BytesIO(file_of(COLUMNS))).read_all()
    assert table.equals(pa.Table.from_batches([COLUMNS.batch]))


def test_the_same_rows_make_the_same_file() -> None:
    assert file_of(columns_of(rows_of(oracle_items(random.Random(4)).stored))) == file_of(COLUMNS)


def test_a_file_of_another_size_or_sha256_or_count_is_not_used() -> None:
    data = file_of(COLUMNS)
    size, sha256, count = len(data), hashlib.sha256(data).digest(), len(COLUMNS)
    assert read(data, size, sha256, count) is not None
    assert read(data, size, hashlib.sha256(data[1:]).digest(), count) is None
    assert read(data[:-1], size, sha256, count) is None
    assert read(data + b"\0", size, sha256, count) is None
    assert read(data, size, sha256, count + 1) is None


def test_compressed_columns_are_not_used() -> None:
    out = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(out, COLUMNS.batch.schema, options=options) as writer:
        writer.write_batch(COLUMNS.batch)
    assert parsed(out.getvalue()) is None


def with_column(name: str, values: Any) -> pa.RecordBatch:
    position = COLUMNS.batch.schema.get_field_index(name)
    return COLUMNS.batch.set_column(position, name, values)


@pytest.mark.parametrize(
    "batch",
    [
        with_column("id", pa.array([*range(1, len(COLUMNS)), 0])),
        with_column("id", pa.array([0, *range(len(COLUMNS) - 1)])),
        with_column("id", pa.array(range(-1, len(COLUMNS) - 1))),
        with_column("id", pa.array([None, *range(1, len(COLUMNS))])),
        with_column("key", pa.array([None] * len(COLUMNS), pa.large_string())),
        with_column("id", pa.array(range(len(COLUMNS)), pa.int32())),
        with_column("key", pa.array(["a"] * len(COLUMNS)).dictionary_encode()),
        with_column("key", pa.array([["a"]] * len(COLUMNS))),
        COLUMNS.batch.append_column("integer:width", pa.array([0.5] * len(COLUMNS))),
        COLUMNS.batch.append_column("other:width", pa.array([0.5] * len(COLUMNS))),
        COLUMNS.batch.append_column("width", pa.array([0.5] * len(COLUMNS))),
        COLUMNS.batch.append_column("id", pa.array(range(len(COLUMNS)))),
        COLUMNS.batch.remove_column(3),
        COLUMNS.batch.replace_schema_metadata({}),
        COLUMNS.batch.replace_schema_metadata({"partial": "[1]"}),
        COLUMNS.batch.replace_schema_metadata({"partial": "{}"}),
        COLUMNS.batch.replace_schema_metadata({"partial": "no JSON"}),
        COLUMNS.batch.replace_schema_metadata({"partial": "[" * 100_000}),
        COLUMNS.batch.replace_schema_metadata({"partial": b"\xff"}),
        pa.RecordBatch.from_arrays([], names=[]),
    ],
)
def test_columns_of_another_shape_are_not_used(batch: pa.RecordBatch) -> None:
    out = io.BytesIO()
    with pa.ipc.new_file(out, batch.schema) as writer:
        writer.write_batch(batch)
    assert parsed(out.getvalue()) is None


def test_offsets_that_point_elsewhere_are_not_used() -> None:
    columns = columns_of(rows_of(oracle_items(random.Random(4)).stored[:1]))
    data, key_length = file_of(columns), len(columns.batch.column("key")[0].as_py())
    right, wrong = struct.pack("<2q", 0, key_length), struct.pack("<2q", 0, 2**40)
    assert right in data
    assert parsed(data, 1) is not None
    assert parsed(data.replace(right, wrong), 1) is None


def test_columns_whose_names_are_not_utf8_are_not_used() -> None:
    data = file_of(COLUMNS)
    assert data.count(b"integer:count") == 2
    assert parsed(data.replace(b"integer:count", b"integer:\xffount")) is None


def test_a_schema_of_many_columns_is_read() -> None:
    schema = schema_of([typed_field("integer", f"{number}") for number in range(100)], [])
    batch = pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)
    assert parsed(file_of(Columns(batch)), 0) is not None
