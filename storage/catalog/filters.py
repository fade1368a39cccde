"""Filters as SQL conditions on the rows of items, with every value bound.

Metadata is stored as JSON. The database also reads the numbers of a filter from JSON, so that equal texts are equal
numbers on both sides: https://sqlite.org/json1.html. SQLite's JSON reader cuts a text at a NUL character.
"""

import json
import operator
from typing import Any

import sqlalchemy as sa

from storage.catalog.json_sql import NUMBER_TYPES, equals_any, json_fields, json_scalar, numeric_value
from storage.catalog.schema import ItemRow
from storage.types.where import COLUMNS, EXISTS, ID, KEY, ORDERS, UNEQUAL, Condition

_COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

Clause = sa.ColumnElement[bool]


def clause_of(condition: Condition) -> Clause:
    """Return the SQL of a condition on a live row; its value is true or false, never NULL."""
    if condition.field in COLUMNS:
        return _column_clause(condition)
    return _metadata_clause(condition)


def has_metadata(name: str) -> Clause:
    """Return the condition that a row has metadata of this name, null included."""
    fields = json_fields(ItemRow.details)
    return sa.exists().where(fields.c.key == name).correlate(ItemRow)


def metadata_names() -> sa.Select[str]:
    """Return a query for the distinct names of all live rows' metadata, in order."""
    fields = json_fields(ItemRow.details)
    names = sa.select(fields.c.key).select_from(sa.join(ItemRow, fields, sa.true()))
    return names.where(ItemRow.deleted_in.is_(None)).distinct().order_by(fields.c.key)


def _column_clause(condition: Condition) -> Clause:
    columns: dict[str, Any] = {ID: ItemRow.id, KEY: ItemRow.key}
    column = columns.get(condition.field, ItemRow.label)
    if condition.operator == EXISTS:
        return _exists(column.is_not(None), condition)
    if condition.operator in ORDERS:
        return sa.and_(column.is_not(None), _compare(column, condition))
    values = [value for value in condition.values if value is not None]
    equal = sa.and_(column.is_not(None), equals_any(column, values))
    return _equal_or_unequal(equal, column.is_(None), condition)


def _metadata_clause(condition: Condition) -> Clause:
    fields = json_fields(ItemRow.details)

    def has_field(*clauses: Clause) -> Clause:
        return sa.exists().where(fields.c.key == condition.field, *clauses).correlate(ItemRow)

    present = has_field(fields.c.type != "null")
    if condition.operator == EXISTS:
        return _exists(present, condition)
    if condition.operator in ORDERS:
        if isinstance(condition.values[0], str):
            return has_field(fields.c.type == "text", _compare(fields.c.value, condition))
        return has_field(fields.c.type.in_(NUMBER_TYPES), _compare(numeric_value(fields), condition))
    booleans = [json.dumps(value) for value in condition.values if isinstance(value, bool)]
    texts = [value for value in condition.values if isinstance(value, str)]
    numbers = [value for value in condition.values if isinstance(value, int | float) and not isinstance(value, bool)]
    equal = has_field(
        sa.or_(
            fields.c.type.in_(booleans),
            sa.and_(fields.c.type == "text", equals_any(fields.c.value, texts)),
            sa.and_(fields.c.type.in_(NUMBER_TYPES), equals_any(numeric_value(fields), numbers)),
        )
    )
    return _equal_or_unequal(equal, sa.not_(present), condition)


def _compare(column: Any, condition: Condition) -> Clause:
    comparison: Clause = _COMPARISONS[condition.operator](column, json_scalar(condition.values[0]))
    return comparison


def _exists(present: Clause, condition: Condition) -> Clause:
    return present if condition.values[0] else sa.not_(present)


def _equal_or_unequal(equal: Clause, absent: Clause, condition: Condition) -> Clause:
    """Return the clause of a condition with = or !=: None among its values stands for an absent field."""
    matches = sa.or_(equal, absent) if None in condition.values else equal
    return sa.not_(matches) if condition.operator == UNEQUAL else matches
