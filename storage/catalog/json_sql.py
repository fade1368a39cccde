"""JSON metadata in SQL, which SQLite and PostgreSQL read differently; used by `filters`.

A SQLite value has its own type, so one column holds texts and numbers. A PostgreSQL column has one type, so there
values are text, and cast to numbers where numbers are compared.
"""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.catalog.dialect import POSTGRESQL, SQLITE, in_json_array
from storage.types.items import Scalar

#: The values of the column `type` for numbers, as SQLite's json_each has them.
NUMBER_TYPES = ("integer", "real")


class _json_fields(FunctionElement[Any]):  # noqa: N801 -- named like a SQL function
    inherit_cache = True
    name = "json_fields"


@compiles(_json_fields, SQLITE)
def _json_fields_in_sqlite(element: _json_fields, compiler: SQLCompiler, **options: Any) -> str:
    # https://sqlite.org/json1.html#jeach
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_json_fields, POSTGRESQL)
def _json_fields_in_postgresql(element: _json_fields, compiler: SQLCompiler, **options: Any) -> str:
    document = f"CAST({compiler.process(element.clauses, **options)} AS jsonb)"
    types = "'string' THEN 'text' WHEN 'number' THEN 'real' WHEN 'boolean' THEN pair.value::text"
    type = f"CASE jsonb_typeof(pair.value) WHEN {types} ELSE jsonb_typeof(pair.value) END"
    value = "(pair.value #>> '{}') COLLATE \"C\""
    return f"LATERAL (SELECT pair.key, {value} AS value, {type} AS type FROM jsonb_each({document}) AS pair)"


def json_fields(document: Any) -> Any:
    """Return a JSON object's fields as a table of `key`, `value` and `type` (SQLite's names; 'true' or 'false')."""
    return (
        _json_fields(document)
        .table_valued(sa.column("key", sa.Text()), "value", sa.column("type", sa.Text()))
        .alias("field")
    )


class numeric_value(FunctionElement[Any]):  # noqa: N801
    """A field's value as a number; in PostgreSQL NULL for a field of another type, which could not be cast."""

    type = sa.Numeric()
    inherit_cache = True

    def __init__(self, field: Any) -> None:
        super().__init__(field.c.value, field.c.type)


@compiles(numeric_value, SQLITE)
def _numeric_value_in_sqlite(element: numeric_value, compiler: SQLCompiler, **options: Any) -> str:
    value, _ = element.clauses
    return compiler.process(value, **options)


@compiles(numeric_value, POSTGRESQL)
def _numeric_value_in_postgresql(element: numeric_value, compiler: SQLCompiler, **options: Any) -> str:
    value, type = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CASE {type} WHEN 'real' THEN CAST({value} AS numeric) END"


class _json_text(FunctionElement[Any]):  # noqa: N801
    inherit_cache = True


class _json_number(FunctionElement[Any]):  # noqa: N801
    inherit_cache = True


@compiles(_json_text, SQLITE)
@compiles(_json_number, SQLITE)
def _json_scalar_in_sqlite(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    return f"json_extract({compiler.process(element.clauses, **options)}, '$')"


@compiles(_json_text, POSTGRESQL)
def _json_text_in_postgresql(element: _json_text, compiler: SQLCompiler, **options: Any) -> str:
    return f"(CAST({compiler.process(element.clauses, **options)} AS jsonb) #>> '{{}}')"


@compiles(_json_number, POSTGRESQL)
def _json_number_in_postgresql(element: _json_number, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(CAST({compiler.process(element.clauses, **options)} AS jsonb) AS numeric)"


def json_scalar(value: Scalar) -> Any:
    """Return a text or number, bound as JSON: the database then decodes it just as it decodes stored metadata."""
    document = sa.literal(json.dumps(value), sa.Text())
    return _json_text(document) if isinstance(value, str) else _json_number(document)


def equals_any(column: Any, values: Sequence[Scalar]) -> in_json_array:
    """Return the condition that a column equals one of these values, bound as one JSON array."""
    return in_json_array(column, sa.literal(json.dumps(values), sa.Text()))
