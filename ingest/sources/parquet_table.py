"""Rows of a Parquet file with columns of text, numbers, booleans and times, which become text."""

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from ingest.errors import SourceUnusable
from ingest.sources.random_access_file import RandomAccessFile
from ingest.sources.table import NOTHING, NUMBERS, TEXTS, TRUTH_VALUES, TableRow, require_columns
from storage.types.storable import label_of

#: Rows in memory at once.
_BATCH = 1024


class ParquetTable:
    """The rows of a Parquet file, a record batch at a time."""

    def __init__(self, file: RandomAccessFile, name: str) -> None:
        self._file = file
        self._name = name
        with self._opened() as parquet:
            schema = parquet.schema_arrow
        require_columns(schema.names, name)
        self._columns = [field.name for field in schema if not field.name.startswith("__index_level_")]
        for field in schema:
            self._require(field)
        self.column_kinds = {
            name: _kind(_value_type(schema.field(name))) for name in self._columns if name not in _COLUMN_TYPES
        }

    def __iter__(self) -> Iterator[TableRow]:
        number = 0
        with self._opened() as parquet:
            for batch in parquet.iter_batches(_BATCH):
                columns = [_values(batch.column(batch.schema.get_field_index(name))) for name in self._columns]
                for values in zip(*columns, strict=True):
                    number += 1
                    metadata = dict(zip(self._columns, values, strict=True))
                    path, label = metadata.pop("path") or "", metadata.pop("label", None)
                    yield TableRow(number, path, label_of(label), metadata)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with self._file.reader() as reader, pq.ParquetFile(reader) as parquet:
                yield parquet
        except (pa.ArrowException, OSError) as error:
            reason = " ".join(str(error).split())
            raise SourceUnusable(f"expected a Parquet file that can be read, got {self._name}: '{reason}'") from error

    def _require(self, field: Any) -> None:
        """Raise SourceUnusable unless a column has a type that can be read."""
        value_type = _value_type(field)
        expected, tests = _COLUMN_TYPES.get(field.name, _METADATA_TYPES)
        if not any(test(value_type) for test in tests):
            raise SourceUnusable(
                f"expected {expected} in column {field.name} of {self._name}, got {field.type}: "
                "convert it, or leave it out"
            )


def _value_type(field: Any) -> Any:
    """Return the type of a column's values; a dictionary, as of pandas' categories, has one of its own."""
    return field.type.value_type if types.is_dictionary(field.type) else field.type


def _kind(type: Any) -> str:
    """Return what values of a type are read as."""
    if types.is_integer(type) or _is_fraction(type):
        return NUMBERS
    if types.is_boolean(type):
        return TRUTH_VALUES
    return NOTHING if types.is_null(type) else TEXTS


def _is_text(type: Any) -> bool:
    return bool(types.is_string(type) or types.is_large_string(type) or types.is_string_view(type))


def _is_time(type: Any) -> bool:
    return bool(types.is_timestamp(type) or types.is_date(type) or types.is_time(type))


def _is_fraction(type: Any) -> bool:
    return bool(types.is_floating(type) or types.is_decimal(type))


_Test = Callable[[Any], bool]

#: The types that columns may have: in words, and as tests, one of which must hold.
_COLUMN_TYPES: dict[str, tuple[str, tuple[_Test, ...]]] = {
    "path": ("text", (_is_text,)),
    "label": ("text or numbers", (_is_text, types.is_integer, types.is_floating, types.is_null)),
}
_METADATA_TYPES: tuple[str, tuple[_Test, ...]] = (
    "text, numbers, booleans or times",
    (_is_text, types.is_integer, _is_fraction, types.is_boolean, _is_time, types.is_null),
)


def _values(column: Any) -> list[Any]:
    """Return a column as a list of Python values."""
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if _is_text(column.type):
        # Bytes that are not UTF-8 become surrogates: their row alone is rejected later.
        encoded = column.cast(pa.large_binary()).to_pylist()
        return [None if value is None else value.decode(errors="surrogateescape") for value in encoded]
    if _is_time(column.type):
        column = column.cast(pa.string())
    elif _is_fraction(column.type):
        # NaN is pandas' missing number; an infinity rejects its row later.
        return [
            None if value is None or math.isnan(value) else value for value in column.cast(pa.float64()).to_pylist()
        ]
    return list(column.to_pylist())
