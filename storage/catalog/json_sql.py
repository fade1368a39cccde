"""JSON metadata in SQL, which SQLite and PostgreSQL read differently; used by `filters`.

SQLite reads a whole number beyond 64 bits, and on some processors any fraction, as a number near it, and cuts a text at
a NUL character. So there each value is compared in SQL where the outcome is certain, and in Python where it is not
(`exact_filters`). PostgreSQL compares the decimal digits, exactly. https://sqlite.org/json1.html
"""

import json
import math
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.catalog.dialect import POSTGRESQL, SQLITE, compile_to, in_json_array
from storage.catalog.exact_filters import COMPARISONS
from storage.types.items import Scalar
from storage.types.where import ORDERS, Condition, canonical_text

#: The values of the column `type`, as SQLite's json_each has them.
INTEGER, REAL, TEXT, NULL = "integer", "real", "text", "null"
NUMBER_TYPES, BOOLEAN_TYPES = (INTEGER, REAL), ("true", "false")

#: The name of `exact_filters.fulfils` as a function of SQLite.
FULFILS = "fulfils"

#: How a NUL character stands in JSON; older stores have some.
_NUL = "\\u0000"

#: How far SQLite's reading of a number may be from it, relatively and at least: beyond any implementation's error.
_RELATIVE_ERROR, _LEAST_ERROR = 2.0**-40, 1e-290

_LARGEST = math.nextafter(math.inf, 0)

Clause = sa.ColumnElement[bool]


class _json_fields(FunctionElement[Any]):  # noqa: N801 -- named like a SQL function
    inherit_cache = True


# https://sqlite.org/json1.html#jeach
# PostgreSQL's `json` keeps how a number is written, which `jsonb` does not: a fraction has a point or an exponent. As a
# text cannot have a NUL character there, U+0001 takes its place.
compile_to(
    _json_fields,
    sqlite="json_each({})",
    postgresql='LATERAL (SELECT pair.key COLLATE "C" AS key, (pair.value #>> \'{{}}\') COLLATE "C" AS value, '
    "CASE json_typeof(pair.value) WHEN 'string' THEN 'text' WHEN 'boolean' THEN pair.value::text "
    "WHEN 'number' THEN CASE WHEN pair.value::text ~ '[.eE]' THEN 'real' ELSE 'integer' END "
    "ELSE json_typeof(pair.value) END AS type "
    f"FROM json_each(CAST(CASE WHEN position('{_NUL}' IN {{0}}) = 0 THEN {{0}} ELSE "
    f"regexp_replace({{0}}, '(?<!\\\\)((\\\\\\\\)*)\\\\u0000', '\\1\\\\u0001', 'g') END AS json)) AS pair)",
)


def json_fields(document: Any) -> Any:
    """Return a JSON object's fields as a table of `key`, `value` and `type` (SQLite's names; 'true' or 'false')."""
    columns = (sa.column("key", sa.Text()), "value", sa.column("type", sa.Text()))
    return _json_fields(document).table_valued(*columns).alias("field")


class _by_dialect(FunctionElement[bool]):  # noqa: N801
    """One of two conditions, the first in SQLite, the second in PostgreSQL."""

    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002 -- already a condition in every context
        return self


@compiles(_by_dialect, SQLITE)
def _first(element: _by_dialect, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(next(iter(element.clauses)), **options)})"


@compiles(_by_dialect, POSTGRESQL)
def _second(element: _by_dialect, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(list(element.clauses)[1], **options)})"


def exact_despite_nul(document: Any, condition: Condition, clause: Clause) -> Clause:
    """Return a condition's clause, which SQLite evaluates for documents without NUL characters only."""
    has_nul = sa.func.instr(document, _NUL) > 0
    return _by_dialect(sa.case((has_nul, _fulfils(document, condition)), else_=clause), clause)


def number_clause(document: Any, fields: Any, condition: Condition, numbers: Sequence[int | float]) -> Clause:
    """Return whether a field of a document is a number that fulfils a condition: an order, or equal to any of some."""
    if condition.operator in ORDERS:
        (number,) = numbers
        sqlite = _sqlite_order(fields, condition, number, _fulfils(document, condition))
        return _by_dialect(sqlite, _postgresql_order(fields, condition, number))
    exact = Condition(condition.field, "=", tuple(numbers))
    return _by_dialect(_sqlite_equal(fields, numbers, _fulfils(document, exact)), _postgresql_equal(fields, numbers))


def _fulfils(document: Any, condition: Condition) -> Clause:
    """Return `exact_filters.fulfils`, which a connection to SQLite has as a function, of a document."""
    fulfilled: sa.Function[bool] = sa.func.fulfils(document, sa.literal(canonical_text([condition]), sa.Text()))
    return fulfilled == sa.literal(1)


def _sqlite_order(fields: Any, condition: Condition, number: int | float, exact: Clause) -> Clause:
    value, is_integer, is_inexact = _sqlite_number(fields)
    compare = COMPARISONS[condition.operator]
    near = _to_float(number)
    error = max(abs(near) * _RELATIVE_ERROR, _LEAST_ERROR) if math.isfinite(near) else 0.0
    low, high = (sa.literal(bound, sa.Float()) for bound in (min(near - error, _LARGEST), max(near + error, -_LARGEST)))
    if compare(0, 1):
        certain, uncertain = value < low, value <= high
    else:
        certain, uncertain = value > high, value >= low
    integers = sa.and_(is_integer, compare(value, _sqlite_integer(number)))
    return sa.or_(integers, sa.and_(is_inexact, sa.or_(certain, sa.and_(uncertain, exact))))


def _sqlite_equal(fields: Any, numbers: Sequence[int | float], exact: Clause) -> Clause:
    value, is_integer, is_inexact = _sqlite_number(fields)
    integers = [int(number) for number in numbers if _is_whole(number)]
    small = [integer for integer in integers if -(2**63) <= integer < 2**63]
    # Written as they are stored, they are read as what is stored is read.
    others: list[int | float] = [integer for integer in integers if abs(integer) >= 2**63]
    others += [_to_float(number) for number in numbers if _to_float(number) == number]
    return sa.or_(sa.and_(is_integer, equals_any(value, small)), sa.and_(is_inexact, equals_any(value, others), exact))


def _sqlite_number(fields: Any) -> tuple[Any, Clause, Clause]:
    """Return a field's value, whether it is a whole number of 64 bits, and whether it is another number."""
    is_number = fields.c.type.in_(NUMBER_TYPES)
    storage_class = sa.func.typeof(fields.c.value)
    return fields.c.value, sa.and_(is_number, storage_class == INTEGER), sa.and_(is_number, storage_class == REAL)


def _sqlite_integer(number: int | float) -> Any:
    """Return a number to compare whole numbers of 64 bits with, exactly as SQLite does."""
    if isinstance(number, float):
        return sa.literal(number, sa.Float())
    return sa.literal(number, sa.BigInteger()) if abs(number) < 2**63 else sa.literal(_to_float(number), sa.Float())


def _postgresql_order(fields: Any, condition: Condition, number: int | float) -> Clause:
    value, is_integer, is_real = _postgresql_number(fields)
    compare = COMPARISONS[condition.operator]
    integers = sa.and_(is_integer, compare(value, _numeric(int(number) if _is_whole(number) else number)))
    near = _to_float(number)
    if near != number:
        # A fraction is written as its shortest digits: those of 1e23 are more than its value. So fractions are compared
        # with the nearest fraction on the side that fulfils the condition.
        fulfils = compare(near, number) and math.isfinite(near)
        near = near if fulfils else math.nextafter(near, -math.inf if compare(0, 1) else math.inf)
        compare = COMPARISONS["<="] if compare(0, 1) else COMPARISONS[">="]
    reals = compare(value, _numeric(near)) if math.isfinite(near) else sa.false()
    return sa.or_(integers, sa.and_(is_real, reals))


def _postgresql_equal(fields: Any, numbers: Sequence[int | float]) -> Clause:
    value, is_integer, is_real = _postgresql_number(fields)
    integers = [int(number) for number in numbers if _is_whole(number)]
    reals = [_to_float(number) for number in numbers if _to_float(number) == number]
    return sa.or_(sa.and_(is_integer, equals_any(value, integers)), sa.and_(is_real, equals_any(value, reals)))


class _numeric_value(FunctionElement[Any]):  # noqa: N801
    """A field's value as a number; NULL for a field of another type, which could not be cast."""

    type = sa.Numeric()
    inherit_cache = True


@compiles(_numeric_value, POSTGRESQL)
def _cast_value(element: _numeric_value, compiler: SQLCompiler, **options: Any) -> str:
    value, type = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CASE WHEN {type} IN ('{INTEGER}', '{REAL}') THEN CAST({value} AS numeric) END"


def _postgresql_number(fields: Any) -> tuple[Any, Clause, Clause]:
    """Return a field's value, whether it is a whole number, and whether it is a fraction."""
    return _numeric_value(fields.c.value, fields.c.type), fields.c.type == INTEGER, fields.c.type == REAL


def _numeric(number: int | float) -> Any:
    return sa.cast(sa.literal(json.dumps(number), sa.Text()), sa.Numeric())


def _is_whole(number: int | float) -> bool:
    return isinstance(number, int) or number.is_integer()


def _to_float(number: int | float) -> float:
    """Return the nearest floating-point number, infinity beyond the largest."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def equals_any(column: Any, values: Sequence[Scalar]) -> in_json_array:
    """Return the condition that a column equals one of these values, bound as one JSON array."""
    return in_json_array(column, sa.literal(json.dumps(values), sa.Text()))
