"""Compare columns with the rows that they were made of."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from storage.catalog.row import Row
from storage.columns.columns import Columns
from storage.columns.schema import kind_and_name, partial_fields, typed_fields
from storage.columns.typed_values import typed_metadata


def different_rows(
    columns: Columns, positions: NDArray[np.int64], vectors: NDArray[np.float32], rows: Sequence[Row]
) -> list[Row]:
    """Return which of the rows, (n,), the columns at these positions do not hold, given their vectors, (n, dim).

    Also what a filter would select them by is compared.
    """
    held, right = columns.rows(positions, vectors), _filtered_by_right_values(columns, positions, rows)
    return [row for row, other, is_right in zip(rows, held, right, strict=True) if row != other or not is_right]


def _filtered_by_right_values(columns: Columns, positions: NDArray[np.int64], rows: Sequence[Row]) -> list[bool]:
    """Return for each row whether its typed columns and its mark `apart` are those of its metadata."""
    fields, partial = typed_fields(columns.batch.schema), partial_fields(columns.batch.schema)
    # Values that are beside the columns are looked for where a field has none, or not all.
    beside = partial | {None}
    with_columns = {name for _, name in map(kind_and_name, fields)}
    part = columns.batch.select([field.name for field in fields] + ["apart"]).take(pa.array(positions))
    right = []
    for row, held in zip(rows, part.to_pylist(), strict=True):
        apart = held.pop("apart")
        expected, others = typed_metadata(row.metadata)
        typed = {name: value for name, value in held.items() if value is not None}
        missing = {(kind, name): value for (kind, name), value in expected.items() if f"{kind}:{name}" not in typed}
        names = others | {name for _, name in missing}
        right.append(
            all(expected.get(_typed(name)) == value for name, value in typed.items())
            and (apart or not names)
            and all(name in beside or name not in with_columns for name in names)
            and (None not in others or with_columns <= partial)
        )
    return right


def _typed(column: str) -> tuple[str, str]:
    kind, _, name = column.partition(":")
    return kind, name
