"""Metadata in SQL: what SQLite and PostgreSQL say differently of JSON, for `filters.py`.

SQLite's values have types of their own, so one column holds texts and numbers. PostgreSQL's columns have one type:
there a value is its text, and a number where it is asked for as one.
"""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.catalog.dialect import POSTGRESQL, SQLITE, among
from storage.types.items import Scalar

#: The types of numbers, as SQLite names them.
NUMBERS = ("integer", "real")


class _fields_of(FunctionElement[Any]):  # noqa: N801 -- it reads as SQL's functions do
    inherit_cache = True
    name = "fields_of"


@compiles(_fields_of, SQLITE)
def _fields_in_sqlite(element: _fields_of, compiler: SQLCompiler, **how: Any) -> str:
    # https://sqlite.org/json1.html#jeach
    return f"json_each({compiler.process(element.clauses, **how)})"


@compiles(_fields_of, POSTGRESQL)
def _fields_in_postgresql(element: _fields_of, compiler: SQLCompiler, **how: Any) -> str:
    document = f"CAST({compiler.process(element.clauses, **how)} AS jsonb)"
    kinds = "'string' THEN 'text' WHEN 'number' THEN 'real' WHEN 'boolean' THEN one.value::text"
    kind = f"CASE jsonb_typeof(one.value) WHEN {kinds} ELSE jsonb_typeof(one.value) END"
    value = "(one.value #>> '{}') COLLATE \"C\""
    return f"LATERAL (SELECT one.key, {value} AS value, {kind} AS type FROM jsonb_each({document}) AS one)"


def fields_of(document: Any) -> Any:
    """Return a JSON document's fields as a table: `key`, `value`, and `type`, which is of a truth value the value."""
    return (
        _fields_of(document)
        .table_valued(sa.column("key", sa.Text()), "value", sa.column("type", sa.Text()))
        .alias("field")
    )


class number_of(FunctionElement[Any]):  # noqa: N801
    """A field's value as a number; of a field of another type, nothing."""

    type = sa.Numeric()
    inherit_cache = True

    def __init__(self, field: Any) -> None:
        super().__init__(field.c.value, field.c.type)


@compiles(number_of, SQLITE)
def _number_of_in_sqlite(element: number_of, compiler: SQLCompiler, **how: Any) -> str:
    value, _ = element.clauses
    return compiler.process(value, **how)


@compiles(number_of, POSTGRESQL)
def _number_of_in_postgresql(element: number_of, compiler: SQLCompiler, **how: Any) -> str:
    value, kind = (compiler.process(clause, **how) for clause in element.clauses)
    return f"CASE {kind} WHEN 'real' THEN CAST({value} AS numeric) END"


class _text(FunctionElement[Any]):  # noqa: N801
    inherit_cache = True


class _number(FunctionElement[Any]):  # noqa: N801
    inherit_cache = True


@compiles(_text, SQLITE)
@compiles(_number, SQLITE)
def _scalar_in_sqlite(element: FunctionElement[Any], compiler: SQLCompiler, **how: Any) -> str:
    return f"json_extract({compiler.process(element.clauses, **how)}, '$')"


@compiles(_text, POSTGRESQL)
def _text_in_postgresql(element: _text, compiler: SQLCompiler, **how: Any) -> str:
    return f"(CAST({compiler.process(element.clauses, **how)} AS jsonb) #>> '{{}}')"


@compiles(_number, POSTGRESQL)
def _number_in_postgresql(element: _number, compiler: SQLCompiler, **how: Any) -> str:
    return f"CAST(CAST({compiler.process(element.clauses, **how)} AS jsonb) AS numeric)"


def scalar(value: Scalar) -> Any:
    """Return a text or number as a database reads it from JSON, so that it is the same one there as in a document."""
    read = sa.literal(json.dumps(value), sa.Text())
    return _text(read) if isinstance(value, str) else _number(read)


def one_of(column: Any, values: Sequence[Scalar]) -> Any:
    """Return whether a column has one of these values, bound as one: their number is not limited."""
    return among(column, sa.literal(json.dumps(values), sa.Text()))
