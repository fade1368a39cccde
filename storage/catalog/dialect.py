"""What SQLite and PostgreSQL say differently, each in one place; every other statement is the same for both."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

SQLITE, POSTGRESQL = "sqlite", "postgresql"

#: Whole numbers of 64 bits: SQLite's INTEGER is one, PostgreSQL's has 32.
Int64 = sa.BigInteger().with_variant(sa.Integer(), SQLITE)

#: Text that is ordered by its bytes, as SQLite does, whatever language a server was set up in.
Text = sa.Text(collation="C").with_variant(sa.Text(), SQLITE)


class Blob(sa.LargeBinary):
    """Bytes that the database takes and gives as they are; SQLAlchemy's own type copies each value twice."""

    def bind_processor(self, dialect: sa.Dialect) -> None:
        """Hand bytes over as they are."""

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> None:
        """Take bytes as they are."""


class utf8(FunctionElement[bytes]):  # noqa: N801 -- it reads as SQL's functions do
    """Text as the bytes that it is stored as, even where damage has made it no text."""

    type = Blob()
    inherit_cache = True


@compiles(utf8, SQLITE)
def _utf8_in_sqlite(element: utf8, compiler: SQLCompiler, **how: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **how)} AS BLOB)"


@compiles(utf8, POSTGRESQL)
def _utf8_in_postgresql(element: utf8, compiler: SQLCompiler, **how: Any) -> str:
    return f"convert_to({compiler.process(element.clauses, **how)}, 'UTF8')"


class among(FunctionElement[bool]):  # noqa: N801
    """Whether a column has one of the values of a JSON array.

    They are one value to bind: a statement that never changes is put together once, and a database's limit on the
    number of values does not matter.
    """

    type = sa.Boolean()
    inherit_cache = True

    def __init__(self, column: Any, values: Any) -> None:
        super().__init__(column, values)

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002 -- it is a truth value whatever stands beside it
        """Stand in a condition as it is: SQLAlchemy would write `= 1` behind it, and SQLite then uses no index."""
        return self


@compiles(among, SQLITE)
def _among_in_sqlite(element: among, compiler: SQLCompiler, **how: Any) -> str:
    # https://sqlite.org/json1.html#jeach
    column, values = (compiler.process(clause, **how) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(among, POSTGRESQL)
def _among_in_postgresql(element: among, compiler: SQLCompiler, **how: Any) -> str:
    column, values = element.clauses
    kind = {sa.BigInteger: "bigint", sa.Numeric: "numeric"}.get(type(column.type), "text")
    # An array is looked up in an index; a subquery of unknown length would be joined by reading the whole table.
    each = f"SELECT CAST(jsonb_array_elements_text(CAST({compiler.process(values, **how)} AS jsonb)) AS {kind})"
    return f"{compiler.process(column, **how)} = ANY (ARRAY({each}))"


def asked_for(column: Any) -> among:
    """Return whether a column has one of the values that `asked` binds."""
    return among(column, sa.bindparam("asked", type_=sa.Text()))


def asked(values: Sequence[int] | Sequence[str]) -> dict[str, str]:
    """Return the value to bind for what a statement asks for."""
    return {"asked": json.dumps(values)}


def is_sqlite(connection: sa.Connection) -> bool:
    """Tell whether a connection is SQLite's: the only one whose files come from anywhere."""
    return connection.dialect.name == SQLITE


def driver_of(connection: sa.Connection) -> sqlite3.Connection:
    """Return the driver's own connection of one that is SQLite's."""
    return cast(sqlite3.Connection, connection.connection.dbapi_connection)


def write_rows(connection: sa.Connection, table: Any, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Write new rows, handed to the driver as they are: an ORM's parameters take longer to make than to write."""
    if not rows:
        return
    insert = sa.insert(table)
    if is_sqlite(connection):
        connection.exec_driver_sql(
            str(insert.compile(dialect=connection.dialect, column_keys=list(columns))), list(rows)
        )
        return
    kinds = [
        "bytea" if isinstance(column.type, Blob) else _KINDS[type(column.type)] for column in _columns(table, columns)
    ]
    quoted = ", ".join(f'"{name}"' for name in columns)
    driver: Any = connection.connection
    with driver.cursor() as cursor:
        copied = cursor.copy(f"COPY {table.__tablename__} ({quoted}) FROM STDIN (FORMAT BINARY)")
        with copied as copy:
            copy.set_types(kinds)
            for row in rows:
                copy.write_row(row)


_KINDS: dict[type, str] = {sa.BigInteger: "int8", sa.Text: "text"}


def _columns(table: Any, names: Sequence[str]) -> list[Any]:
    return [table.__table__.c[name] for name in names]
