"""JSON metadata in SQL, which SQLite and PostgreSQL read differently; used by `filters`.

A SQLite value has its own type, so one column holds texts and numbers. A PostgreSQL column has one type, so there
values are text, and cast to numbers where numbers are compared.
"""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.functions import FunctionElement

from storage.catalog.dialect import compile_to, in_json_array
from storage.types.items import Scalar

#: The values of the column `type` for numbers, as SQLite's json_each has them.
NUMBER_TYPES = ("integer", "real")


class _json_fields(FunctionElement[Any]):  # noqa: N801 -- named like a SQL function
    inherit_cache = True


# https://sqlite.org/json1.html#jeach
compile_to(
    _json_fields,
    sqlite="json_each({})",
    postgresql="LATERAL (SELECT pair.key, (pair.value #>> '{{}}') COLLATE \"C\" AS value, "
    "CASE jsonb_typeof(pair.value) WHEN 'string' THEN 'text' WHEN 'number' THEN 'real' "
    "WHEN 'boolean' THEN pair.value::text ELSE jsonb_typeof(pair.value) END AS type "
    "FROM jsonb_each(CAST({} AS jsonb)) AS pair)",
)


def json_fields(document: Any) -> Any:
    """Return a JSON object's fields as a table of `key`, `value` and `type` (SQLite's names; 'true' or 'false')."""
    columns = (sa.column("key", sa.Text()), "value", sa.column("type", sa.Text()))
    return _json_fields(document).table_valued(*columns).alias("field")


class numeric_value(FunctionElement[Any]):  # noqa: N801
    """A field's value as a number; in PostgreSQL NULL for a field of another type, which could not be cast."""

    type = sa.Numeric()
    inherit_cache = True

    def __init__(self, field: Any) -> None:
        super().__init__(field.c.value, field.c.type)


compile_to(numeric_value, sqlite="{0}", postgresql="CASE {1} WHEN 'real' THEN CAST({0} AS numeric) END")


class _json_text(FunctionElement[Any]):  # noqa: N801
    inherit_cache = True


class _json_number(FunctionElement[Any]):  # noqa: N801
    inherit_cache = True


compile_to(_json_text, sqlite="json_extract({}, '$')", postgresql="(CAST({} AS jsonb) #>> '{{}}')")
compile_to(_json_number, sqlite="json_extract({}, '$')", postgresql="CAST(CAST({} AS jsonb) AS numeric)")


def json_scalar(value: Scalar) -> Any:
    """Return a text or number, bound as JSON: the database then decodes it just as it decodes stored metadata."""
    document = sa.literal(json.dumps(value), sa.Text())
    return _json_text(document) if isinstance(value, str) else _json_number(document)


def equals_any(column: Any, values: Sequence[Scalar]) -> in_json_array:
    """Return the condition that a column equals one of these values, bound as one JSON array."""
    return in_json_array(column, sa.literal(json.dumps(values), sa.Text()))
