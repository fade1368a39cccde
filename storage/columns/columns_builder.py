"""Make columns of rows as they come."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from storage.catalog.row import Row
from storage.columns.arrow_array import arrow_array, spread
from storage.columns.columns import Columns
from storage.columns.schema import (
    OWN_FIELDS,
    TEXT,
    kind_and_name,
    partial_fields,
    schema_of,
    typed_field,
    typed_fields,
)
from storage.columns.typed_values import Typed, TypedValues
from storage.types.items import Scalar

#: A typed column takes up to 8 bytes for each row, even one without a value: it is made where one in so many has one.
_ROWS_PER_VALUE = 64

#: The most typed columns: those of the most rows.
_MOST_TYPED = 128


def empty_columns() -> Columns:
    """Return the columns of no rows."""
    schema = schema_of([], [])
    return Columns(pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema))


class ColumnsBuilder:
    """Makes columns of verified rows, whose ids ascend, which follow those of columns that are there already."""

    def __init__(self) -> None:
        self._own: list[list[pa.Array]] = []
        self._values: dict[Typed, list[pa.Array]] = defaultdict(list)
        self._positions: dict[Typed, list[NDArray[np.int64]]] = defaultdict(list)
        #: Positions of rows with values that no type holds, and the fields of these values; None stands for any field.
        self._apart: list[int] = []
        self._apart_fields: set[str | None] = set()
        self._count = 0

    def add(self, rows: Sequence[Row], fields: Sequence[Mapping[str, Scalar]] | None = None) -> None:
        """Add the next rows; raise StoreCorrupt for one whose text is not UTF-8.

        `fields` are what the rows' metadata was encoded from, where that is known.
        """
        if not rows:
            return
        columns = dict(zip(Row._fields, zip(*rows, strict=True), strict=True))
        typed = TypedValues(columns["metadata"], fields)
        for (kind, name), values in typed.values.items():
            data = [str(text).encode() for text in values] if kind == TEXT else values
            self._values[kind, name].append(arrow_array(data, typed_field(kind, name).type))
            self._positions[kind, name].append(np.array(typed.indices[kind, name], np.int64) + self._count)
        self._apart += [self._count + index for index in typed.apart]
        self._apart_fields |= typed.apart_fields
        self._own.append([_own_column(field, columns[field.name], rows) for field in OWN_FIELDS[:-1]])
        self._count += len(rows)

    def finish(self, columns: Columns) -> Columns:
        """Return the columns of all rows: of those that are there already, and of those that were added."""
        if not self._count:
            return columns
        before = columns.batch
        old = {kind_and_name(field) for field in typed_fields(before.schema)}
        chosen = self._chosen(old, len(before) + self._count)
        apart = np.zeros(self._count, np.bool_)
        apart[self._apart] = True
        for typed in self._positions.keys() - chosen:
            for positions in self._positions[typed]:
                apart[positions] = True
        schema = schema_of((typed_field(*typed) for typed in chosen), self._partial(chosen, before))
        own = [*(pa.concat_arrays(column) for column in zip(*self._own, strict=True)), arrow_array(apart, pa.bool_())]
        new = [*own, *(self._dense(typed) for typed in chosen)]
        joined = []
        for field, values in zip(schema, new, strict=True):
            position = before.schema.get_field_index(field.name)
            existing = before.column(position) if position >= 0 else pa.nulls(len(before), field.type)
            joined.append(pa.concat_arrays([existing, values]))
        return Columns(pa.RecordBatch.from_arrays(joined, schema=schema))

    def _chosen(self, old: set[Typed], total: int) -> list[Typed]:
        """Return the typed columns: those that are there, and of the others those that many rows have values for."""
        counts = {typed: sum(map(len, parts)) for typed, parts in self._positions.items() if typed not in old}
        frequent = [typed for typed in counts if counts[typed] * _ROWS_PER_VALUE >= total]
        frequent.sort(key=lambda typed: (-counts[typed], typed))
        return sorted([*old, *frequent[: max(0, _MOST_TYPED - len(old))]])

    def _partial(self, chosen: list[Typed], before: pa.RecordBatch) -> set[str]:
        """Return the fields in typed columns that have values beside them."""
        names = {name for _, name in chosen}
        partial = partial_fields(before.schema) | self._apart_fields
        partial |= {name for _, name in self._positions.keys() - set(chosen)}
        if before.column("apart").true_count:
            # The rows that are there may have values of a field that had no column.
            partial |= names - {kind_and_name(field)[1] for field in typed_fields(before.schema)}
        return names if None in partial else names & {name for name in partial if name is not None}

    def _dense(self, typed: Typed) -> pa.Array:
        """Return a typed column of the new rows, null where a row has no value."""
        field_type = typed_field(*typed).type
        if typed not in self._values:
            return pa.nulls(self._count, field_type)
        values, positions = pa.concat_arrays(self._values[typed]), np.concatenate(self._positions[typed])
        return values if len(values) == self._count else spread(values, positions, self._count)


def _own_column(field: pa.Field, values: Sequence[Any], rows: Sequence[Row]) -> pa.Array:
    column = arrow_array(values, field.type)
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        for row in rows:
            # Raises the error that names the row.
            row.item()
        raise
    return column
