"""The catalog in a file: SQLite, opened so that COMMIT means durable, with its errors turned into ours."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from storage.catalog.dialect import sqlite_connection
from storage.catalog.schema import APPLICATION_ID, SCHEMA_VERSION, Base, definitions_of, file_tables, sql_tokens
from storage.catalog.upgrades import UPGRADES
from storage.databases.connection_pool import ConnectionPool
from storage.errors import (
    InvalidItem,
    LookalikeError,
    NotAStore,
    StoreBusy,
    StoreCorrupt,
    StoreUnwritable,
    StoreVersion,
)

#: How long a reader or writer waits for the other's lock, in milliseconds.
BUSY_TIMEOUT_MS = 10_000

#: Connection settings, read back after they are set. DELETE with EXTRA survives a power cut at any moment: FULL
#: does not sync the folder after the journal is removed, and older SQLite can corrupt a WAL when it is reset.
#: https://sqlite.org/pragma.html#pragma_synchronous
PRAGMAS = {
    "busy_timeout": BUSY_TIMEOUT_MS,
    "journal_mode": "delete",
    "synchronous": 3,
    "foreign_keys": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
}

#: The largest value or row that is read or written, in bytes; a catalog from elsewhere may hold any.
LARGEST_VALUE = 2**28


Result = TypeVar("Result")


class SqliteFile:
    """A `Database` in a SQLite file: an engine, and one way to begin each kind of transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.made_with = f"SQLite {sqlite3.sqlite_version}"
        engine = sa.create_engine("sqlite+pysqlite://", creator=self._connect, poolclass=NullPool)
        self._connections = ConnectionPool(engine)

    def _connect(self) -> sqlite3.Connection:
        """Open an existing file; transactions are begun by hand, since sqlite3 begins them late."""
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(self.path.absolute()))}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        # Damaged text is read as it is, so that the row's checksum can tell of it instead of the decoder.
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        try:
            for name, value in PRAGMAS.items():
                connection.execute(f"PRAGMA {name} = {value}").close()
                (got,) = connection.execute(f"PRAGMA {name}").fetchone()
                if got != value:
                    raise StoreUnwritable(
                        f"expected SQLite to take {name}={value} for {self.path}, got {got}: "
                        "the store cannot be kept safe with this SQLite library"
                    )
        except BaseException:
            connection.close()
            raise
        return connection

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Give a connection inside a read transaction: every statement sees the same batches."""
        return self._transaction("BEGIN")

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Give a connection inside a write transaction, committed at the end and durable then, or rolled back."""
        return self._transaction("BEGIN IMMEDIATE")

    def write_exactly_once(self, change: Callable[[sa.Connection], Result]) -> Result:
        """Make a change in a write transaction of its own: a file's COMMIT is always heard of."""
        with self.writing() as connection:
            return change(connection)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sa.Connection]:
        try:
            connection = self._connections.take()
            # Handed to the driver: SQLAlchemy takes longer over the two than SQLite over the rows of an answer.
            driver = sqlite_connection(connection)
            try:
                driver.execute(begin).close()
                yield connection
                driver.execute("COMMIT").close()
            except BaseException:
                # SQLite has rolled back by itself after some errors, and a second ROLLBACK would hide them.
                if driver.in_transaction:
                    driver.execute("ROLLBACK").close()
                connection.close()
                raise
            self._connections.give_back(connection)
        except (sa.exc.SQLAlchemyError, sqlite3.Error, UnicodeDecodeError) as error:
            raise self._ours(error) from error

    def _ours(self, error: Exception) -> LookalikeError:
        """Turn a database error into the one that says what a user can do about it."""
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StoreBusy(
                f"expected {self.path} to be free within {BUSY_TIMEOUT_MS // 1000} s, got '{cause}': "
                "another process is using it; try again"
            )
        if code == sqlite3.SQLITE_NOTADB:
            return NotAStore(f"expected a Lookalike catalog at {self.path}, got a file that is not a database")
        if code == sqlite3.SQLITE_CORRUPT:
            return StoreCorrupt(f"expected a whole catalog at {self.path}, got '{cause}': restore it from a backup")
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            return StoreUnwritable(
                f"expected to read and write {self.path}, got '{cause}': everything acknowledged so far is kept; free "
                "space or change the permissions and run the same command again"
            )
        if code == sqlite3.SQLITE_TOOBIG:
            return InvalidItem(f"expected values of at most {LARGEST_VALUE:,} bytes in {self.path}, got a larger one")
        return StoreCorrupt(f"expected the tables of a Lookalike catalog in {self.path}, got '{cause}'")

    def create_tables(self) -> None:
        """Create the tables in a new, empty file, and mark it as a catalog."""
        with self.writing() as connection:
            Base.metadata.create_all(connection, file_tables())
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def format(self) -> int:
        """Return the version of the tables."""
        with self.reading() as connection:
            return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())

    def upgrade(self) -> None:
        """Bring an older catalog's tables to this version, in one step; do nothing to one of this version."""
        if self.format() == SCHEMA_VERSION:
            return
        with self.writing() as connection:
            # Read again: another process may have upgraded it before this one held the lock.
            version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            for step in range(version, SCHEMA_VERSION):
                UPGRADES[step](connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def require_catalog(self) -> None:
        """Raise unless the file is a catalog of a known version: marked as one, with its tables and nothing else."""
        with self.reading() as connection:
            (application,) = connection.exec_driver_sql("PRAGMA application_id").one()
            (version,) = connection.exec_driver_sql("PRAGMA user_version").one()
            listed = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
            found = {(kind, name): sql_tokens(str(sql)) for kind, name, sql in listed}
        if application != APPLICATION_ID:
            raise NotAStore(
                f"expected a Lookalike catalog at {self.path}, got another program's database: "
                "name a folder that `python -m ingest` made, or a new one"
            )
        if version > SCHEMA_VERSION:
            raise StoreVersion(
                f"expected a store of version {SCHEMA_VERSION} or older at {self.path}, got version {version}: "
                "open it with a newer Lookalike"
            )
        expected = definitions_of(version)
        odd = {f"{kind} {name}" for kind, name in found.keys() - expected.keys()}
        odd |= {f"no {kind} {name}" for kind, name in expected.keys() - found.keys()}
        both = found.keys() & expected.keys()
        odd |= {f"{kind} {name} of another shape" for kind, name in both if found[kind, name] != expected[kind, name]}
        if odd:
            raise StoreCorrupt(
                f"expected the tables of a Lookalike catalog and nothing else in {self.path}, "
                f"got {', '.join(sorted(odd))}: restore it from a backup"
            )

    @contextmanager
    def sync_lock(self, *, wait: bool) -> Iterator[bool]:  # noqa: ARG002 -- there is nobody to wait for
        """Say that this process may fill what is derived on other servers: it is the one writer."""
        yield True

    def analyze(self) -> None:
        """Do nothing: a file's statements need no statistics."""

    def bytes(self) -> int:
        """Return the size of the file."""
        return self.path.stat().st_size

    def vacuum(self) -> None:
        """Rewrite the file without its free pages; a crash leaves it as it was or as it shall be."""
        try:
            connection = self._connections.take()
            try:
                connection.exec_driver_sql("VACUUM")
            finally:
                connection.close()
        except (sa.exc.SQLAlchemyError, sqlite3.Error, UnicodeDecodeError) as error:
            raise self._ours(error) from error

    def copy_to(self, copy: "SqliteFile") -> None:
        """Copy the database, as it is at one moment, over an empty one: https://sqlite.org/backup.html.

        All pages are copied in one step, for which a writer waits: with several steps, each of its commits would
        restart the copy.
        """
        try:
            with closing(self._connect()) as source, closing(copy._connect()) as target:
                source.backup(target, sleep=0.02)
        except sqlite3.Error as error:
            raise self._ours(error) from error

    def integrity(self) -> list[str]:
        """Return what SQLite's own integrity check finds wrong, a line each; empty when nothing is."""
        with self.reading() as connection:
            found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        lines = [line for row in found for line in row.splitlines()]
        return [line for line in lines if line != "ok" and not line.startswith("***")]

    def rewrite_if_damaged(self) -> list[str]:
        """Write the file anew from its rows when SQLite finds it damaged; return a line that says so."""
        problems = self.integrity()
        if not problems:
            return []
        self.vacuum()
        if left := self.integrity():
            raise StoreCorrupt(
                f"expected {self.path} to be whole after it was written anew, got '{left[0]}': restore the store from "
                "a backup"
            )
        return [f"catalog: written anew, since {problems[0]}"]

    def close(self) -> None:
        """Close every connection now; one left to the garbage collector would keep its lock until then."""
        self._connections.close()
