"""Conditions on numbers in metadata in PostgreSQL, which compares their decimal digits."""

import json
import math
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.catalog.dialect import POSTGRESQL
from storage.catalog.exact_filters import COMPARISONS, nearest_float
from storage.catalog.json_sql import INTEGER, REAL, Clause, equals_any, is_whole
from storage.types.where import ORDERS, Condition

#: Up to so many numbers are bound one by one: PostgreSQL would read an array of them again for each row.
_FEW = 4


def postgresql_number_clause(fields: Any, condition: Condition, numbers: Sequence[int | float]) -> Clause:
    """Return whether a field is a number that fulfils a condition: an order, or equal to one of some.

    A floating-point number is written with its shortest digits, which beyond 2**53 are not its value: those of 1e23 are
    more. So a stored one is compared with floating-point numbers, and a whole number with the exact value.
    """
    value = _numeric_value(fields.c.value, fields.c.type)
    if condition.operator in ORDERS:
        (number,) = numbers
        compare = COMPARISONS[condition.operator]
        integers = compare(value, _numeric(int(number) if is_whole(number) else number))
        reals = _order_of_reals(value, condition.operator, number)
    else:
        integers = _equals_any(value, [int(number) for number in numbers if is_whole(number)])
        reals = _equals_any(value, [nearest_float(number) for number in numbers if nearest_float(number) == number])
    return sa.or_(sa.and_(fields.c.type == INTEGER, integers), sa.and_(fields.c.type == REAL, reals))


def _equals_any(value: Any, numbers: Sequence[int | float]) -> Clause:
    if not numbers:
        return sa.false()
    if len(numbers) > _FEW:
        return equals_any(value, numbers)
    is_any: Clause = value.in_([_numeric(number) for number in numbers])
    return is_any


def _order_of_reals(value: Any, operator: str, number: int | float) -> Clause:
    near, compare = nearest_float(number), COMPARISONS[operator]
    if near != number:
        # The nearest one on the side that fulfils the condition.
        down = bool(compare(0, 1))
        if not math.isfinite(near) or not compare(near, number):
            near = math.nextafter(near, -math.inf if down else math.inf)
        compare = COMPARISONS["<=" if down else ">="]
    reals: Clause = compare(value, _numeric(near)) if math.isfinite(near) else sa.false()
    return reals


class _numeric_value(FunctionElement[Any]):  # noqa: N801 -- named like a SQL function
    """A field's value as a number; NULL for a field of another type, which could not be cast."""

    type = sa.Numeric()
    inherit_cache = True


@compiles(_numeric_value, POSTGRESQL)
def _cast_value(element: _numeric_value, compiler: SQLCompiler, **options: Any) -> str:
    value, type = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CASE WHEN {type} IN ('{INTEGER}', '{REAL}') THEN CAST({value} AS numeric) END"


def _numeric(number: int | float) -> Any:
    return sa.cast(sa.literal(json.dumps(number), sa.Text()), sa.Numeric())
