"""Select rows by the conditions of a filter, and tell which fields there are.

Arrow compares values of one type. A number is compared with a column of another type by a bound of that type which
selects the same: `width < 7.5` is `width <= 7` for whole numbers. Values beside the typed columns are decoded.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from storage.catalog.exact_filters import fulfils_condition, nearest_float
from storage.catalog.row import decode_metadata
from storage.columns.columns import Columns
from storage.columns.schema import (
    FLOAT,
    INTEGER,
    NULL,
    TEXT,
    TRUTH,
    TYPES,
    UNSIGNED,
    kind_and_name,
    partial_fields,
    typed_fields,
)
from storage.errors import StoreCorrupt
from storage.types.items import Scalar
from storage.types.where import COLUMNS, EXISTS, ID, ORDERS, UNEQUAL, Condition, Kind, kind_of

Mask = NDArray[np.bool_]

_COMPARE = {"<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal}

#: The kinds of typed columns that hold the values of a kind.
_COLUMN_KINDS = {Kind.TEXT: (TEXT,), Kind.NUMBER: (INTEGER, UNSIGNED, FLOAT), Kind.BOOLEAN: (TRUTH,)}

#: The smallest and the largest number of each type of whole numbers.
_RANGES = {INTEGER: (-(2**63), 2**63 - 1), UNSIGNED: (0, 2**64 - 1)}


class ColumnFilter:
    """Selects rows of columns, and tells which metadata these rows have."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        schema = columns.batch.schema
        self._partial = partial_fields(schema)
        self._typed: dict[str, list[tuple[str, pa.Array]]] = defaultdict(list)
        for field in typed_fields(schema):
            kind, name = kind_and_name(field)
            self._typed[name].append((kind, columns.batch.column(field.name)))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._columns)

    def matching(self, conditions: Iterable[Condition]) -> Mask:
        """Return which rows fulfil all conditions, (n,) bool; raise StoreCorrupt for metadata that cannot be read."""
        mask = np.ones(len(self._columns), np.bool_)
        for condition in conditions:
            mask &= self._fulfilling(condition)
        return mask

    def has_metadata(self, name: str, kinds: Collection[Kind] = ()) -> bool:
        """Return whether a row has metadata of this name, null included, or else with a value of these kinds."""
        wanted = {typed for kind in kinds for typed in _COLUMN_KINDS[kind]} if kinds else TYPES.keys()
        if any(_has_values(values) for kind, values in self._typed.get(name, []) if kind in wanted):
            return True
        decoded = (metadata for _, metadata in self._apart(name) if name in metadata)
        return any(not kinds or _kind_of(metadata[name]) in kinds for metadata in decoded)

    def metadata_names(self) -> list[str]:
        """Return the names of the metadata that rows have, in order."""
        names = {name for name, typed in self._typed.items() if any(_has_values(values) for _, values in typed)}
        return sorted(names.union(*(metadata for _, metadata in self._all_apart())))

    def _fulfilling(self, condition: Condition) -> Mask:
        if condition.field in COLUMNS:
            kind = INTEGER if condition.field == ID else TEXT
            return _typed_mask(len(self._columns), [(kind, self._columns.batch.column(condition.field))], condition)
        mask = _typed_mask(len(self._columns), self._typed.get(condition.field, []), condition)
        for position, metadata in self._apart(condition.field):
            mask[position] = fulfils_condition(metadata, condition)
        return mask

    def _apart(self, name: str) -> Iterable[tuple[int, dict[str, Scalar]]]:
        """Return the positions and metadata of the rows that may have values of a field beside its typed columns."""
        return self._all_apart() if name in self._partial or name not in self._typed else ()

    def _all_apart(self) -> Iterator[tuple[int, dict[str, Scalar]]]:
        batch = self._columns.batch
        for position in np.flatnonzero(batch.column("apart").to_numpy(zero_copy_only=False)).tolist():
            try:
                yield position, decode_metadata(batch.column("metadata")[position].as_py().encode())
            except (ValueError, RecursionError) as error:
                raise StoreCorrupt(
                    f"expected item {self._columns.ids[position]} to have metadata that can be read, got {error}: "
                    "something other than Lookalike wrote it; restore the store from a backup"
                ) from error


def _has_values(values: pa.Array) -> bool:
    return bool(len(values) > values.null_count)


def _kind_of(value: object) -> Kind | None:
    return kind_of(value) if isinstance(value, str | int | float) else None


def _typed_mask(count: int, typed: Sequence[tuple[str, pa.Array]], condition: Condition) -> Mask:
    """Return which of `count` rows fulfil a condition on the field whose values are in these typed columns."""
    typed = [(kind, values) for kind, values in typed if kind != NULL]
    if condition.operator == EXISTS:
        present = _present(count, typed)
        return present if condition.values[0] else ~present
    if condition.operator in ORDERS:
        (operand,) = condition.values
        return _any(count, [_ordered(kind, values, condition.operator, operand) for kind, values in typed])
    mask = _any(count, [_equal(kind, values, condition.values) for kind, values in typed])
    if None in condition.values:
        mask |= ~_present(count, typed)
    return ~mask if condition.operator == UNEQUAL else mask


def _present(count: int, typed: Sequence[tuple[str, pa.Array]]) -> Mask:
    return _any(count, [values.is_valid() for _, values in typed])


def _any(count: int, masks: Sequence[pa.Array | bool]) -> Mask:
    """Return where one of the Arrow masks is true; null counts as false."""
    result = np.zeros(count, np.bool_)
    for mask in masks:
        if not isinstance(mask, bool):
            result |= (mask.fill_null(False) if mask.null_count else mask).to_numpy(zero_copy_only=False)
    return result


def _equal(kind: str, values: pa.Array, operands: Sequence[Scalar]) -> pa.Array | bool:
    """Return which values of a typed column equal one of the operands; False where none can."""
    candidates = {value for operand in operands if (value := _exact(kind, operand)) is not None}
    if not candidates:
        return False
    if len(candidates) == 1:
        return pc.equal(values, pa.scalar(candidates.pop(), values.type))
    # By their hashes, which differ for the two zeros.
    every = [*candidates, *([-0.0, 0.0] if kind == FLOAT and 0.0 in candidates else [])]
    return pc.is_in(values, pa.array(every, values.type))


def _exact(kind: str, operand: Scalar) -> Scalar:
    """Return an operand as a value of a column's type that equals it; None if there is none."""
    if operand is None or kind not in _COLUMN_KINDS[kind_of(operand)]:
        return None
    if kind in (TEXT, TRUTH) or isinstance(operand, str):
        return operand
    if kind == FLOAT:
        nearest = nearest_float(operand)
        return nearest if nearest == operand else None
    low, high = _RANGES[kind]
    return int(operand) if low <= operand <= high and operand == int(operand) else None


def _ordered(kind: str, values: pa.Array, operator: str, operand: Scalar) -> pa.Array | bool:
    """Return which values of a typed column are ordered as an operator says relative to the operand."""
    if operand is None or kind not in _COLUMN_KINDS[kind_of(operand)]:
        return False
    if isinstance(operand, str):
        return _COMPARE[operator](values, pa.scalar(operand, values.type))
    bound: int | float
    if kind == FLOAT:
        bound = nearest_float(operand)
        # What lies beyond the operand lies on the same side of the nearest number, or is that number.
        if bound != operand:
            operator = operator[0] + ("=" if (bound < operand) == (operator[0] == "<") else "")
        return _COMPARE[operator](values, pa.scalar(bound, values.type))
    bound = math.ceil(operand) if operator in ("<", ">=") else math.floor(operand)
    low, high = _RANGES[kind]
    if not low <= bound <= high:
        return values.is_valid() if (bound > high) == (operator[0] == "<") else False
    return _COMPARE[operator](values, pa.scalar(bound, values.type))
