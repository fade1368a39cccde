"""JSON metadata in SQL, which SQLite and PostgreSQL read differently; used by `filters`.

Numbers are compared by `sqlite_numbers` and `postgresql_numbers`.
"""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.catalog.dialect import POSTGRESQL, SQLITE, compile_to, in_json_array
from storage.types.items import Scalar

#: The values of the column `type`, as SQLite's json_each has them.
INTEGER, REAL, TEXT, NULL = "integer", "real", "text", "null"
NUMBER_TYPES, BOOLEAN_TYPES = (INTEGER, REAL), ("true", "false")

#: How a NUL character stands in JSON; older stores have some.
NUL = "\\u0000"

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
    f"FROM json_each(CAST(CASE WHEN position('{NUL}' IN {{0}}) = 0 THEN {{0}} ELSE "
    f"regexp_replace({{0}}, '(?<!\\\\)((\\\\\\\\)*)\\\\u0000', '\\1\\\\u0001', 'g') END AS json)) AS pair)",
)


def json_fields(document: Any) -> Any:
    """Return a JSON object's fields as a table of `key`, `value` and `type` (SQLite's names; 'true' or 'false')."""
    columns = (sa.column("key", sa.Text()), "value", sa.column("type", sa.Text()))
    return _json_fields(document).table_valued(*columns).alias("field")


class by_dialect(FunctionElement[bool]):  # noqa: N801
    """One of two conditions, the first in SQLite, the second in PostgreSQL."""

    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002 -- already a condition in every context
        """Return the element itself."""
        return self


@compiles(by_dialect, SQLITE)
def _first(element: by_dialect, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(next(iter(element.clauses)), **options)})"


@compiles(by_dialect, POSTGRESQL)
def _second(element: by_dialect, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(list(element.clauses)[1], **options)})"


def equals_any(column: Any, values: Sequence[Scalar]) -> in_json_array:
    """Return the condition that a column equals one of these values, bound as one JSON array."""
    return in_json_array(column, sa.literal(json.dumps(values), sa.Text()))


def is_whole(number: int | float) -> bool:
    """Return whether a number has no fraction, whichever its type."""
    return isinstance(number, int) or number.is_integer()
