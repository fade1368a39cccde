"""Filters as SQL: what an item's row must say, every value bound.

Metadata is JSON. A database reads the numbers of a filter from JSON too, so that the same text is the same number on
both sides: https://sqlite.org/json1.html. Only in a text with a NUL character does SQLite's reader stop at that.
"""

import json
from typing import Any

import sqlalchemy as sa

from storage.catalog.json_sql import NUMBERS, fields_of, number_of, one_of, scalar
from storage.catalog.schema import ItemRow
from storage.types.where import COLUMNS, EXISTS, ID, KEY, ORDERS, UNEQUAL, Condition

_COMPARED = {
    "<": sa.ColumnElement.__lt__,
    "<=": sa.ColumnElement.__le__,
    ">": sa.ColumnElement.__gt__,
    ">=": sa.ColumnElement.__ge__,
}

Clause = sa.ColumnElement[bool]


def clause_of(condition: Condition) -> Clause:
    """Return what a live row must fulfil; it is true or false, never null."""
    if condition.field in COLUMNS:
        return _of_column(condition)
    return _of_metadata(condition)


def has_metadata(name: str) -> Clause:
    """Return whether a row has metadata of this name, be it null."""
    each = fields_of(ItemRow.details)
    return sa.exists().where(each.c.key == name).correlate(ItemRow)


def names_of_metadata() -> sa.Select[str]:
    """Return the names of all metadata that live rows have, in order."""
    each = fields_of(ItemRow.details)
    chosen = sa.select(each.c.key).select_from(sa.join(ItemRow, each, sa.true()))
    return chosen.where(ItemRow.deleted_in.is_(None)).distinct().order_by(each.c.key)


def _of_column(condition: Condition) -> Clause:
    columns: dict[str, Any] = {ID: ItemRow.id, KEY: ItemRow.key}
    column = columns.get(condition.field, ItemRow.label)
    if condition.operator == EXISTS:
        return _exists(column.is_not(None), condition)
    if condition.operator in ORDERS:
        return sa.and_(column.is_not(None), _compared(column, condition))
    present = [value for value in condition.values if value is not None]
    equal = sa.and_(column.is_not(None), one_of(column, present))
    return _equal_or_not(equal, column.is_(None), condition)


def _of_metadata(condition: Condition) -> Clause:
    each = fields_of(ItemRow.details)

    def has(*clauses: Clause) -> Clause:
        return sa.exists().where(each.c.key == condition.field, *clauses).correlate(ItemRow)

    present = has(each.c.type != "null")
    if condition.operator == EXISTS:
        return _exists(present, condition)
    if condition.operator in ORDERS:
        if isinstance(condition.values[0], str):
            return has(each.c.type == "text", _compared(each.c.value, condition))
        return has(each.c.type.in_(NUMBERS), _compared(number_of(each), condition))
    truths = [json.dumps(value) for value in condition.values if isinstance(value, bool)]
    texts = [value for value in condition.values if isinstance(value, str)]
    numbers = [value for value in condition.values if isinstance(value, int | float) and not isinstance(value, bool)]
    equal = has(
        sa.or_(
            each.c.type.in_(truths),
            sa.and_(each.c.type == "text", one_of(each.c.value, texts)),
            sa.and_(each.c.type.in_(NUMBERS), one_of(number_of(each), numbers)),
        )
    )
    return _equal_or_not(equal, sa.not_(present), condition)


def _compared(column: Any, condition: Condition) -> Clause:
    compared: Clause = _COMPARED[condition.operator](column, scalar(condition.values[0]))
    return compared


def _exists(present: Clause, condition: Condition) -> Clause:
    return present if condition.values[0] else sa.not_(present)


def _equal_or_not(equal: Clause, absent: Clause, condition: Condition) -> Clause:
    """Return that a value is one of the condition's, of which null is one that is not there, or that it is none."""
    wanted = sa.or_(equal, absent) if None in condition.values else equal
    return sa.not_(wanted) if condition.operator == UNEQUAL else wanted
