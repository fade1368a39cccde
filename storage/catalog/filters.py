"""Filters as SQL conditions on the rows of items, with every value bound; metadata is stored as JSON."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from storage.catalog.exact_filters import COMPARISONS
from storage.catalog.json_sql import (
    BOOLEAN_TYPES,
    NULL,
    NUMBER_TYPES,
    TEXT,
    Clause,
    by_dialect,
    equals_any,
    json_fields,
)
from storage.catalog.postgresql_numbers import postgresql_number_clause
from storage.catalog.schema import ItemRow
from storage.catalog.sqlite_numbers import exact_despite_nul, sqlite_number_clause
from storage.types.items import Scalar
from storage.types.where import COLUMNS, EXISTS, ID, KEY, ORDERS, UNEQUAL, Condition, Kind

#: The types of a JSON value, as `json_fields` has them, by its kind.
_TYPES: Mapping[Kind, Sequence[str]] = {Kind.TEXT: (TEXT,), Kind.NUMBER: NUMBER_TYPES, Kind.BOOLEAN: BOOLEAN_TYPES}

#: Every id is below it: they are counted from 0.
_MAX_ID = 2**63 - 1


def clause_of(condition: Condition) -> Clause:
    """Return the SQL of a condition on a live row; its value is true or false, never NULL."""
    if condition.field in COLUMNS:
        return _column_clause(condition)
    return _metadata_clause(condition)


def has_metadata(name: str, kinds: Collection[Kind] = ()) -> Clause:
    """Return the condition that a row has metadata of this name, null included, or else with a value of these kinds."""
    fields = json_fields(ItemRow.details)
    named = sa.exists().where(fields.c.key == name).correlate(ItemRow)
    return named.where(fields.c.type.in_([type for kind in kinds for type in _TYPES[kind]])) if kinds else named


def metadata_names() -> sa.Select[str]:
    """Return a query for the distinct names of rows' metadata."""
    fields = json_fields(ItemRow.details)
    return sa.select(fields.c.key).select_from(sa.join(ItemRow, fields, sa.true())).distinct()


def _column_clause(condition: Condition) -> Clause:
    columns: dict[str, Any] = {ID: ItemRow.id, KEY: ItemRow.key}
    column = columns.get(condition.field, ItemRow.label)
    values = [value for value in condition.values if value is not None]
    if condition.operator == EXISTS:
        return _exists(column.is_not(None), condition)
    if condition.operator in ORDERS:
        (value,) = values
        operand = max(-_MAX_ID, min(value, _MAX_ID)) if isinstance(value, int) else value
        return sa.and_(column.is_not(None), _compare(column, condition, operand))
    if condition.field == ID:
        values = [value for value in values if isinstance(value, int) and abs(value) <= _MAX_ID]
    equal = sa.and_(column.is_not(None), equals_any(column, values))
    return _equal_or_unequal(equal, column.is_(None), condition)


def _metadata_clause(condition: Condition) -> Clause:
    fields = json_fields(ItemRow.details)

    def has_field(*clauses: Clause) -> Clause:
        return sa.exists().where(fields.c.key == condition.field, *clauses).correlate(ItemRow)

    present = has_field(fields.c.type != NULL)
    if condition.operator == EXISTS:
        return _despite_nul(condition, _exists(present, condition))
    booleans = [json.dumps(value) for value in condition.values if isinstance(value, bool)]
    texts = [value for value in condition.values if isinstance(value, str)]
    numbers = [value for value in condition.values if isinstance(value, int | float) and not isinstance(value, bool)]
    matches: list[Clause] = [fields.c.type.in_(booleans)] if booleans else []
    if texts:
        matches.append(sa.and_(fields.c.type == TEXT, _text_clause(fields.c.value, condition, texts)))
    if numbers:
        matches.append(_number_clause(fields, condition, numbers))
    fulfilled = has_field(sa.or_(*matches)) if matches else sa.false()
    if condition.operator not in ORDERS:
        fulfilled = _equal_or_unequal(fulfilled, sa.not_(present), condition)
    return _despite_nul(condition, fulfilled)


def _despite_nul(condition: Condition, clause: Clause) -> Clause:
    return by_dialect(exact_despite_nul(ItemRow.details, condition, clause), clause)


def _number_clause(fields: Any, condition: Condition, numbers: list[int | float]) -> Clause:
    in_sqlite = sqlite_number_clause(ItemRow.details, fields, condition, numbers)
    return by_dialect(in_sqlite, postgresql_number_clause(fields, condition, numbers))


def _text_clause(value: Any, condition: Condition, texts: list[str]) -> Clause:
    return _compare(value, condition, texts[0]) if condition.operator in ORDERS else equals_any(value, texts)


def _compare(column: Any, condition: Condition, operand: Scalar) -> Clause:
    comparison: Clause = COMPARISONS[condition.operator](column, operand)
    return comparison


def _exists(present: Clause, condition: Condition) -> Clause:
    return present if condition.values[0] else sa.not_(present)


def _equal_or_unequal(equal: Clause, absent: Clause, condition: Condition) -> Clause:
    """Return the clause of a condition with = or !=: None among its values stands for an absent field."""
    matches = sa.or_(equal, absent) if None in condition.values else equal
    return sa.not_(matches) if condition.operator == UNEQUAL else matches
