"""The SQL that differs between SQLite and PostgreSQL; all other statements are the same for both."""

import json
import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.catalog.packed_insert import insert_packed

SQLITE, POSTGRESQL = "sqlite", "postgresql"

#: 64-bit integers: SQLite's INTEGER has 64 bits, PostgreSQL's 32.
Int64 = sa.BigInteger().with_variant(sa.Integer(), SQLITE)

#: Text compared by its bytes, as SQLite does by default, whatever the server's locale.
Text = sa.Text(collation="C").with_variant(sa.Text(), SQLITE)


class Blob(sa.LargeBinary):
    """Bytes without SQLAlchemy's bind and result processors, each of which copies every value."""

    def bind_processor(self, dialect: sa.Dialect) -> None:
        """Pass bytes to the driver unchanged."""

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> None:
        """Return the driver's bytes unchanged."""


def compile_to(element: type[FunctionElement[Any]], *, sqlite: str, postgresql: str) -> None:
    """Set the SQL of an element in both dialects: `{0}`, `{1}`, ... stand for its arguments."""
    compiles(element, SQLITE)(partial(_compiled, sqlite))
    compiles(element, POSTGRESQL)(partial(_compiled, postgresql))


def _compiled(template: str, element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    return template.format(*(compiler.process(argument, **options) for argument in element.clauses))


class utf8(FunctionElement[bytes]):  # noqa: N801 -- named like a SQL function
    """The stored bytes of a text column, which can be read even when damage has made them invalid UTF-8.

    A value that is no text, which SQLite would never find by that text, is 0: no checksum matches it.
    """

    type = Blob()
    inherit_cache = True


compile_to(
    utf8,
    sqlite="CASE WHEN typeof({0}) IN ('text', 'null') THEN CAST({0} AS BLOB) ELSE 0 END",
    postgresql="convert_to({0}, 'UTF8')",
)


class in_json_array(FunctionElement[bool]):  # noqa: N801
    """Whether a column's value is in a JSON array, bound as one parameter.

    With one parameter SQLAlchemy compiles the statement once, whatever the number of values, and SQLite's limit on
    parameters does not apply.
    """

    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002 -- already a condition in every context
        """Return the element itself: SQLAlchemy would append `= 1` for SQLite, which then uses no index."""
        return self


@compiles(in_json_array, SQLITE)
def _in_json_array_in_sqlite(element: in_json_array, compiler: SQLCompiler, **options: Any) -> str:
    # https://sqlite.org/json1.html#jeach
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(in_json_array, POSTGRESQL)
def _in_json_array_in_postgresql(element: in_json_array, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    sql_type = {sa.BigInteger: "bigint", sa.Numeric: "numeric"}.get(type(column.type), "text")
    # An array is looked up in an index; for a subquery, whose size the planner cannot estimate, it scans the table.
    array = (
        f"SELECT CAST(jsonb_array_elements_text(CAST({compiler.process(values, **options)} AS jsonb)) AS {sql_type})"
    )
    return f"{compiler.process(column, **options)} = ANY (ARRAY({array}))"


def in_values(column: Any) -> in_json_array:
    """Return the condition that a column's value is one of those bound with `bind_values`."""
    return in_json_array(column, sa.bindparam("json_values", type_=sa.Text()))


def bind_values(values: Sequence[int] | Sequence[str]) -> dict[str, str]:
    """Return the parameter of a statement with `in_values`."""
    return {"json_values": json.dumps(values)}


def bind_ids(ids: list[int]) -> dict[str, str]:
    """Return what `bind_values` does, for Python ints only, in a quarter of the time: every search calls it."""
    return {"json_values": str(ids)}


def is_sqlite(connection: sa.Connection) -> bool:
    """Return whether a connection is SQLite's, whose files may come from anywhere and need more checks."""
    return connection.dialect.name == SQLITE


def sqlite_connection(connection: sa.Connection) -> sqlite3.Connection:
    """Return the `sqlite3` connection under a SQLAlchemy connection."""
    return cast(sqlite3.Connection, connection.connection.dbapi_connection)


def insert_rows(connection: sa.Connection, table: Any, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert tuples through the driver: SQLAlchemy's handling of parameters takes longer than the write itself."""
    if not rows:
        return
    if is_sqlite(connection):
        insert_packed(sqlite_connection(connection), table.__tablename__, columns, rows)
        return
    names = ", ".join(f'"{name}"' for name in columns)
    driver: Any = connection.connection
    statement = f"COPY {table.__tablename__} ({names}) FROM STDIN (FORMAT BINARY)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([_copy_type(table.__table__.c[name].type) for name in columns])
        for row in rows:
            copy.write_row(row)


def _copy_type(column_type: Any) -> str:
    """Return PostgreSQL's name of a column's type."""
    return "bytea" if isinstance(column_type, Blob) else {sa.BigInteger: "int8", sa.Text: "text"}[type(column_type)]
