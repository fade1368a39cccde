"""Rows of a Parquet file: texts, numbers, truth values and times; a time is written out as text."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from ingest.errors import SourceUnusable
from ingest.sources.files import HeldFile
from ingest.sources.table import TableRow, require_columns

#: Rows read at once.
_PAGE = 1024


class ParquetTable:
    """The rows of a Parquet file, a page at a time."""

    def __init__(self, file: HeldFile, name: str) -> None:
        self._file = file
        self._name = name
        with self._opened() as parquet:
            schema = parquet.schema_arrow
        require_columns(schema.names, name)
        self._columns = [field.name for field in schema if not field.name.startswith("__index_level_")]
        for field in schema:
            self._require(field)

    def __iter__(self) -> Iterator[TableRow]:
        number = 0
        with self._opened() as parquet:
            for page in parquet.iter_batches(_PAGE):
                columns = [_values(page.column(page.schema.get_field_index(name))) for name in self._columns]
                for values in zip(*columns, strict=True):
                    number += 1
                    metadata = dict(zip(self._columns, values, strict=True))
                    path, label = metadata.pop("path") or "", metadata.pop("label", None)
                    yield TableRow(number, path, None if label is None else str(label), metadata)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with self._file.reader() as reader, pq.ParquetFile(reader) as parquet:
                yield parquet
        except (pa.ArrowException, OSError) as error:
            reason = " ".join(str(error).split())
            raise SourceUnusable(f"expected a Parquet file that can be read, got {self._name}: '{reason}'") from error

    def _require(self, field: Any) -> None:
        kind = field.type.value_type if types.is_dictionary(field.type) else field.type
        wanted, fits = _WANTED.get(field.name, _OTHER)
        if not any(test(kind) for test in fits):
            raise SourceUnusable(
                f"expected {wanted} in column {field.name} of {self._name}, got {field.type}: "
                "convert it, or leave it out"
            )


def _is_text(kind: Any) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_time(kind: Any) -> bool:
    return bool(types.is_timestamp(kind) or types.is_date(kind) or types.is_time(kind))


def _is_fraction(kind: Any) -> bool:
    return bool(types.is_floating(kind) or types.is_decimal(kind))


_Test = Callable[[Any], bool]

#: What the columns' types may be.
_WANTED: dict[str, tuple[str, tuple[_Test, ...]]] = {
    "path": ("texts", (_is_text,)),
    "label": ("texts or whole numbers", (_is_text, types.is_integer, types.is_null)),
}
_OTHER: tuple[str, tuple[_Test, ...]] = (
    "texts, numbers, truth values or times",
    (_is_text, types.is_integer, _is_fraction, types.is_boolean, _is_time, types.is_null),
)


def _values(column: Any) -> list[Any]:
    """Return a column's values as Python's."""
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if _is_text(column.type):
        # What is not UTF-8 is kept as it is, and rejected with its row alone.
        encoded = column.cast(pa.large_binary()).to_pylist()
        return [None if value is None else value.decode(errors="surrogateescape") for value in encoded]
    if _is_time(column.type):
        column = column.cast(pa.string())
    elif _is_fraction(column.type):
        column = column.cast(pa.float64())
    return list(column.to_pylist())
