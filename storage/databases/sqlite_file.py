"""A catalog in a SQLite file, set up so that COMMIT is durable; SQLite's errors become those of `storage.errors`."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from storage import after_fork, errors
from storage.catalog.catalog import Catalog
from storage.catalog.database import Result
from storage.catalog.dialect import sqlite_connection
from storage.catalog.exact_filters import fulfils
from storage.catalog.schema import APPLICATION_ID, SCHEMA_VERSION, Base, definitions_of, file_tables, sql_tokens
from storage.catalog.sqlite_numbers import FULFILS
from storage.catalog.upgrades import UPGRADES
from storage.databases import lock_wait
from storage.databases.commit_watch import CommitWatch
from storage.databases.connection_pool import ConnectionPool
from storage.databases.lock_wait import with_locks

#: Connection settings, read back after they are set. A rollback journal (DELETE) with synchronous=EXTRA survives a
#: power loss at any moment: FULL does not sync the folder after the journal is removed, and older SQLite versions can
#: corrupt a WAL when they reset it.
#: https://sqlite.org/pragma.html#pragma_synchronous
PRAGMAS = {
    "busy_timeout": lock_wait.ATTEMPT_MS,
    "journal_mode": "delete",
    "synchronous": 3,
    "foreign_keys": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
}

#: The cache of a large change, in KiB. When a smaller one is full, SQLite writes to the file before COMMIT, and readers
#: must wait until then. https://sqlite.org/pragma.html#pragma_cache_spill
LARGE_CACHE_KIB = 2**20

#: The largest value or row that is read or written, in bytes; a catalog from elsewhere may hold any.
LARGEST_VALUE = 2**28


class SqliteFile:
    """A `Database` in a SQLite file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.made_with = f"SQLite {sqlite3.sqlite_version}"
        # The engine must not refer to this object: SQLAlchemy keeps those of open connections alive.
        engine = sa.create_engine("sqlite+pysqlite://", creator=partial(self._connect, path), poolclass=NullPool)
        self._engine = engine
        self._pool = ConnectionPool(engine)
        self._watch = CommitWatch(path, self._connect)
        self._file_number: int | None = None
        self._reconnecting = threading.RLock()
        after_fork.register(self)

    def leave_to_parent(self) -> None:
        """Leave the lock, which another thread may hold, to the process that this one was forked from."""
        self._reconnecting = threading.RLock()

    @staticmethod
    def _connect(path: Path) -> sqlite3.Connection:
        """Connect to an existing file; transactions are begun explicitly, since sqlite3 itself begins them late."""
        uri = f"file:{quote(os.fsencode(path.absolute()))}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        # Invalid UTF-8 is decoded without an error, so that the row's checksum reports the damage.
        connection.create_function(FULFILS, 2, fulfils, deterministic=True)
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        try:
            for name, value in PRAGMAS.items():
                connection.execute(f"PRAGMA {name} = {value}").close()
                (actual,) = connection.execute(f"PRAGMA {name}").fetchone()
                if actual != value:
                    raise errors.StoreUnwritable(
                        f"expected SQLite to accept {name}={value} for {path}, got {actual}: "
                        "the store cannot be kept safe with this SQLite library"
                    )
        except BaseException:
            connection.close()
            raise
        return connection

    def reading(self) -> AbstractContextManager[Catalog]:
        """Return the catalog inside a read transaction, whose statements all see the same snapshot."""
        return self._transaction("BEGIN")

    def writing(self) -> AbstractContextManager[Catalog]:
        """Return the catalog inside a write transaction: committed and durable at its end, or rolled back."""
        return self._transaction("BEGIN IMMEDIATE")

    def write_exactly_once(self, change: Callable[[Catalog], Result], *, large: bool = False) -> Result:
        """Apply a change in a write transaction; with a file, the outcome of COMMIT is always known."""
        with self._transaction("BEGIN IMMEDIATE", cache_kib=LARGE_CACHE_KIB if large else None) as catalog:
            return change(catalog)

    @contextmanager
    def _transaction(self, begin: str, cache_kib: int | None = None) -> Iterator[Catalog]:
        """Return the catalog inside a transaction, with a cache of this size if it is given."""
        self._require_open()
        pool = self._pool
        try:
            connection = with_locks(self.path, pool.acquire)
            # By the driver: through SQLAlchemy, BEGIN and COMMIT take longer than reading the rows of a query's hits.
            driver = sqlite_connection(connection)
            try:
                if cache_kib is not None:
                    driver.execute(f"PRAGMA cache_size = -{cache_kib}").close()
                with_locks(self.path, lambda: _begin(driver, begin))
                yield Catalog(connection)
                # Another connection's lock leaves the transaction as it is.
                with_locks(self.path, lambda: driver.execute("COMMIT").close())
            except BaseException:
                # After some errors SQLite has rolled back already; a second ROLLBACK would fail and hide them.
                if driver.in_transaction:
                    driver.execute("ROLLBACK").close()
                connection.close()
                raise
            if cache_kib is not None:
                # Its cache would stay in memory.
                connection.close()
            else:
                pool.release(connection)
        except (sa.exc.SQLAlchemyError, sqlite3.Error, UnicodeError, OverflowError) as error:
            raise self._store_error(error) from error

    def version(self) -> object:
        """Return a value that is another one after each commit, and when another file took this one's place.

        Such a file is used from then on. Raise NotAStore, StoreVersion or StoreCorrupt for one that is no catalog.
        """
        self._require_open()
        try:
            number, version = with_locks(self.path, self._watch.version)
        except OSError as error:
            raise errors.StoreNotFound(
                f"expected the catalog at {self.path}, got '{error.strerror}': the store was moved or removed; open it "
                "again where it is"
            ) from error
        except sqlite3.Error as error:
            self._require_open()
            raise self._store_error(error) from error
        if number != self._file_number:
            self._reconnect()
            self.require_catalog()
            self._file_number = number
        return number, version

    def version_at_once(self) -> object | None:
        """Return `version` without waiting for a lock; None where that cannot be."""
        try:
            version = self._watch.version_at_once()
        except (OSError, sqlite3.Error):
            return None
        # Another file is another catalog, which is looked at first.
        return None if version is None or version[0] != self._file_number else version

    def _reconnect(self) -> None:
        """Use new connections from now on: those to a file that was replaced would still read it."""
        with self._reconnecting:
            self._require_open()
            replaced, self._pool = self._pool, ConnectionPool(self._engine)
        replaced.close()

    def _require_open(self) -> None:
        if self._pool.closed:
            raise errors.store_closed(self.path.parent)

    def _store_error(self, error: Exception) -> errors.LookalikeError:
        """Return the error of `storage.errors` for a database error."""
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return errors.StoreBusy(
                f"expected {self.path} to be free within {lock_wait.LONGEST_WAIT_S:.0f} s, got '{cause}' by "
                f"{lock_wait.holder(self.path)}: wait for it to end, or stop it, and try again"
            )
        if code == sqlite3.SQLITE_NOTADB:
            return errors.NotAStore(f"expected a Lookalike catalog at {self.path}, got a file that is not a database")
        if code == sqlite3.SQLITE_CORRUPT:
            return errors.StoreCorrupt(
                f"expected an intact catalog at {self.path}, got '{cause}': restore it from a backup"
            )
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            return errors.StoreUnwritable(
                f"expected to read and write {self.path}, got '{cause}': everything acknowledged so far is kept; free "
                "space or change the permissions and run the same command again"
            )
        if code == sqlite3.SQLITE_TOOBIG:
            return errors.InvalidItem(
                f"expected values of at most {LARGEST_VALUE:,} bytes in {self.path}, got a larger one"
            )
        return errors.StoreCorrupt(f"expected the tables of a Lookalike catalog in {self.path}, got '{cause}'")

    def create_tables(self) -> None:
        """Create the tables in an empty file and mark it as a catalog (application_id)."""
        with self.writing() as catalog:
            Base.metadata.create_all(catalog.connection, file_tables())
            catalog.connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            catalog.connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def format(self) -> int:
        """Return the schema version of the tables (user_version)."""
        with self.reading() as catalog:
            return _version(catalog)

    def upgrade(self) -> None:
        """Migrate an older catalog's tables to the current version in one transaction."""
        if self.format() == SCHEMA_VERSION:
            return
        with self.writing() as catalog:
            # The version is read again: another process may have upgraded the file before this one had the lock.
            for version in range(_version(catalog), SCHEMA_VERSION):
                UPGRADES[version](catalog.connection)
            catalog.connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def require_catalog(self) -> None:
        """Raise NotAStore, StoreVersion or StoreCorrupt unless the file has exactly a known version's tables."""
        with self.reading() as catalog:
            application = catalog.connection.exec_driver_sql("PRAGMA application_id").scalar_one()
            version = _version(catalog)
            encoding = catalog.connection.exec_driver_sql("PRAGMA encoding").scalar_one()
            listed = catalog.connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_schema")
            actual = {(kind, name): sql_tokens(str(sql)) for kind, name, sql in listed if sql is not None}
        if application != APPLICATION_ID:
            raise errors.NotAStore(
                f"expected a Lookalike catalog at {self.path}, got another program's database: "
                "name a folder that `lookalike ingest` made, or a new one"
            )
        if version > SCHEMA_VERSION:
            raise errors.StoreVersion(
                f"expected a store of version {SCHEMA_VERSION} or older at {self.path}, got version {version}: "
                "open it with a newer Lookalike"
            )
        if encoding != "UTF-8":
            raise errors.StoreCorrupt(
                f"expected texts in UTF-8 in {self.path}, got {encoding}: something other than Lookalike wrote it; "
                "restore it from a backup"
            )
        expected = definitions_of(version)
        differences = [f"{kind} {name}" for kind, name in actual.keys() - expected.keys()]
        differences += [f"no {kind} {name}" for kind, name in expected.keys() - actual.keys()]
        changed = [key for key in actual.keys() & expected.keys() if actual[key] != expected[key]]
        differences += [f"{kind} {name} of another shape" for kind, name in changed]
        if differences:
            raise errors.StoreCorrupt(
                f"expected the tables of a Lookalike catalog and nothing else in {self.path}, "
                f"got {', '.join(sorted(differences))}: restore it from a backup"
            )

    @contextmanager
    def sync_lock(self, *, wait: bool) -> Iterator[bool]:  # noqa: ARG002 -- the protocol's
        """Yield True: the writer of a store in a folder is the only one, so it needs no further lock."""
        yield True

    def analyze(self) -> None:
        """Do nothing: SQLite plans the catalog's queries well without statistics."""

    def bytes(self) -> int:
        """Return the size of the file in bytes."""
        return self.path.stat().st_size

    def vacuum(self) -> None:
        """Rewrite the file without its free pages (VACUUM), atomically."""
        self._require_open()
        try:
            with closing(with_locks(self.path, self._pool.acquire)) as connection:
                with_locks(self.path, lambda: connection.exec_driver_sql("VACUUM").close())
        except (sa.exc.SQLAlchemyError, sqlite3.Error, UnicodeDecodeError) as error:
            raise self._store_error(error) from error

    def integrity(self) -> list[str]:
        """Return the problems that `PRAGMA integrity_check` reports, a line each."""
        with self.reading() as catalog:
            reports = catalog.connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        lines = [line for report in reports for line in str(report).splitlines()]
        return [line for line in lines if line != "ok" and not line.startswith("***")]

    def rewrite_if_damaged(self) -> list[str]:
        """Rewrite the file from its rows if SQLite reports corruption; return a line that says so."""
        problems = self.integrity()
        if not problems:
            return []
        self.vacuum()
        if remaining := self.integrity():
            raise errors.StoreCorrupt(
                f"expected {self.path} to be intact after it was rewritten, got '{remaining[0]}': restore the store "
                "from a backup"
            )
        return [f"catalog: rewritten, since {problems[0]}"]

    def close(self) -> None:
        """Close all connections, those in use at the end of their transactions; no others can begin."""
        with self._reconnecting:
            self._pool.close()
        self._watch.close()


def _begin(driver: sqlite3.Connection, begin: str) -> None:
    """Begin a transaction and take its lock; call it again when that failed for a lock of another connection."""
    if not driver.in_transaction:
        driver.execute(begin).close()
    # SQLite takes the lock of a read transaction at its first statement only.
    driver.execute("PRAGMA user_version").close()


def _version(catalog: Catalog) -> int:
    return int(catalog.connection.exec_driver_sql("PRAGMA user_version").scalar_one())
