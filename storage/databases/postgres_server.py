"""A catalog in a PostgreSQL schema, with settings so that COMMIT is durable; the only file that imports psycopg.

Several processes may write to it: an advisory lock serializes write transactions, so ids are assigned and batches are
chained as by a single writer.
"""

import shlex
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import sqlalchemy as sa

from storage import after_fork, errors
from storage.catalog.catalog import Catalog
from storage.catalog.database import Result
from storage.catalog.schema import SCHEMA_VERSION, Base, CommitRow
from storage.databases.address import Address

#: How long to try to connect, in seconds.
CONNECT_TIMEOUT_S = 10

#: How long a writer waits for the lock of another, in milliseconds.
LOCK_TIMEOUT_MS = 60_000

#: The server's settings without which an acknowledged batch could be lost.
#: https://www.postgresql.org/docs/15/wal-reliability.html
SETTINGS = {"synchronous_commit": "on", "fsync": "on", "full_page_writes": "on"}

#: How the comment on the table `batches` begins that marks a catalog; the schema version follows.
MARK = "Lookalike catalog, version "

_COMMENT = sa.text("SELECT obj_description(to_regclass('batches'), 'pg_class')")

#: Takes the writers' lock of a schema until the transaction ends.
_LOCK_WRITERS = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('lookalike ' || :schema, 0))")

#: The key of the lock of the process that writes to a vector server.
_SYNC_KEY = "hashtextextended('lookalike vectors ' || :schema, 0)"

_SIZE = sa.text(
    "SELECT coalesce(sum(pg_total_relation_size(to_regclass(name))), 0) FROM unnest(CAST(:names AS text[])) AS name"
)

_READ = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_WRITE = {"isolation_level": "READ COMMITTED", "postgresql_readonly": False}
#: Pools of connections that this process inherited in a fork, whose sessions on the server are the other process's.
_OF_PARENT: list[sa.Pool] = []

_NO_TRANSACTION = {"isolation_level": "AUTOCOMMIT", "postgresql_readonly": False}


class PostgresServer:
    """A `Database` in a schema of a PostgreSQL database."""

    def __init__(self, address: Address) -> None:
        errors.require_extra("psycopg", "postgres")
        self.address = address
        self.made_with = "PostgreSQL"
        self._engine = sa.create_engine(
            address.url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}
        )
        sa.event.listen(self._engine, "connect", self._prepare)
        self._closed = False
        after_fork.register(self)

    def leave_to_parent(self) -> None:
        """Leave the connections to the process that this one was forked from."""
        _OF_PARENT.append(self._engine.pool)
        self._engine.dispose(close=False)

    def _prepare(self, connection: Any, _record: object) -> None:
        """Set a new connection up for the store's schema and for durable commits."""
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('search_path', %s, false)", [self.address.schema])
            cursor.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
            cursor.execute("SET synchronous_commit = on")
            for name, value in SETTINGS.items():
                (actual,) = cursor.execute(f"SHOW {name}").fetchone()
                if actual != value:
                    raise errors.StoreUnwritable(
                        f"expected PostgreSQL to run with {name}={value} at {self.address}, got {actual}: "
                        "acknowledged batches could be lost; change the server's settings"
                    )
            (version,) = cursor.execute("SHOW server_version").fetchone()
        self.made_with = f"PostgreSQL {version}"
        connection.autocommit = False

    def reading(self) -> AbstractContextManager[Catalog]:
        """Return the catalog inside a read transaction, whose statements all see the same snapshot."""
        return self._transaction(_READ)

    def version(self) -> object:
        """Return a value that is another one after each batch."""
        with self.reading() as catalog:
            return catalog.history.last_batch()

    def version_at_once(self) -> None:
        """Return None: a server has to be waited for."""

    @contextmanager
    def writing(self) -> Iterator[Catalog]:
        """Return the catalog inside a write transaction, which begins when every other one has ended."""
        with self._transaction(_WRITE) as catalog:
            # With READ COMMITTED every later statement sees what the previous writer has committed.
            catalog.connection.execute(_LOCK_WRITERS, {"schema": self.address.schema})
            yield catalog

    @contextmanager
    def _transaction(self, options: Mapping[str, Any]) -> Iterator[Catalog]:
        with self._connected(options) as connection, connection.begin():
            yield Catalog(connection)

    def write_exactly_once(self, change: Callable[[Catalog], Result], *, large: bool = False) -> Result:  # noqa: ARG002 -- the protocol's
        """Apply a change in a write transaction and return its result; exactly once, even if the reply is lost.

        A unique key is written with the change. When the server fails, the key tells whether COMMIT succeeded; if it
        did not, the change is tried once more.
        """
        key = uuid.uuid4().hex
        try:
            with self._keyed_writing(key) as catalog:
                result = change(catalog)
        except errors.ServerUnusable:
            if not self._was_committed(key):
                with self._keyed_writing(key) as catalog:
                    result = change(catalog)
        return result

    @contextmanager
    def _keyed_writing(self, key: str) -> Iterator[Catalog]:
        """Return the catalog inside a write transaction that also writes a unique key."""
        with self.writing() as catalog:
            yield catalog
            catalog.connection.execute(sa.insert(CommitRow).values(key=key))

    def _was_committed(self, key: str) -> bool:
        with self.reading() as catalog:
            return catalog.connection.execute(sa.select(CommitRow.key).where(CommitRow.key == key)).first() is not None

    @contextmanager
    def sync_lock(self, *, wait: bool) -> Iterator[bool]:
        """Take the lock that lets one process at a time write to a vector server; False when another holds it.

        With `wait`, block until it is free.
        """
        with self._connected(_NO_TRANSACTION) as connection:
            connection.execute(sa.text("SET lock_timeout = 0"))
            lock = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
            taken = connection.execute(sa.text(f"SELECT {lock}({_SYNC_KEY})"), {"schema": self.address.schema}).scalar()
            try:
                yield wait or bool(taken)
            finally:
                # Closes the session, which releases its lock even if the server has failed.
                connection.invalidate()

    def create(self, fill: Callable[[Catalog], None]) -> None:
        """Create the tables and fill them in one transaction; raise StoreExists or NotAStore if the schema has any."""
        with self.writing() as catalog:
            self._require_free(catalog)
            catalog.connection.execute(sa.schema.CreateSchema(self.address.schema, if_not_exists=True))
            Base.metadata.create_all(catalog.connection, checkfirst=False)
            _mark(catalog)
            fill(catalog)

    def holds_catalog(self) -> bool:
        """Return whether the schema is marked as a catalog; its tables are checked on opening."""
        with self.reading() as catalog:
            return _version(catalog) is not None

    def require_free(self) -> None:
        """Raise StoreExists or NotAStore unless a catalog can be created here."""
        with self.reading() as catalog:
            self._require_free(catalog)

    def _require_free(self, catalog: Catalog) -> None:
        if _version(catalog) is not None:
            raise errors.StoreExists(f"expected no store yet at {self.address}, got one: open it instead")
        if taken := self._tables(catalog) & Base.metadata.tables.keys():
            raise errors.NotAStore(
                f"expected a schema without another program's tables at {self.address}, got {min(taken)!r}: name "
                "another schema"
            )

    def drop(self) -> None:
        """Drop the tables of a catalog, and the schema if nothing else is in it."""
        with self.writing() as catalog:
            Base.metadata.drop_all(catalog.connection)
        with suppress(errors.LookalikeError), self.writing() as catalog:
            # Refused while the schema holds anything.
            catalog.connection.execute(sa.schema.DropSchema(self.address.schema, if_exists=True))

    def require_catalog(self) -> None:
        """Raise StoreNotFound, StoreVersion or StoreCorrupt unless the schema has all tables of a known version."""
        with self.reading() as catalog:
            version, missing = (
                _version(catalog),
                Base.metadata.tables.keys() - self._tables(catalog),
            )
        if version is None:
            raise errors.StoreNotFound(
                f"expected a store at {self.address}, found none there: make one with `lookalike ingest SOURCE --store "
                f"{shlex.quote(str(self.address))}`, or name the right database and schema"
            )
        if version > SCHEMA_VERSION:
            raise errors.StoreVersion(
                f"expected a store of version {SCHEMA_VERSION} or older at {self.address}, got version {version}: "
                "open it with a newer Lookalike"
            )
        if missing and version == SCHEMA_VERSION:
            raise errors.StoreCorrupt(
                f"expected the tables of a Lookalike catalog at {self.address}, got no {min(missing)}: restore it from "
                "a backup"
            )

    def format(self) -> int:
        """Return the schema version of the tables."""
        with self.reading() as catalog:
            return _version(catalog) or 0

    def upgrade(self) -> None:
        """Create the tables that are newer than the catalog's version, in one transaction."""
        if self.format() == SCHEMA_VERSION:
            return
        with self.writing() as catalog:
            Base.metadata.create_all(catalog.connection)
            _mark(catalog)

    def analyze(self) -> None:
        """Update the query planner's statistics now (ANALYZE); the server's autovacuum would do so only later."""
        self._run_on_tables("ANALYZE")

    def bytes(self) -> int:
        """Return the size of the tables and their indexes on the server, in bytes."""
        with self.reading() as catalog:
            return int(catalog.connection.execute(_SIZE, {"names": list(Base.metadata.tables)}).scalar_one())

    def vacuum(self) -> None:
        """Make the space of deleted rows available to the tables again (VACUUM)."""
        self._run_on_tables("VACUUM")

    def _run_on_tables(self, command: str) -> None:
        with self._connected(_NO_TRANSACTION) as connection:
            connection.execute(sa.text(f"{command} {', '.join(Base.metadata.tables)}"))

    def integrity(self) -> list[str]:
        """Return no problems: the server checks its own files, and the rows have checksums."""
        return []

    def rewrite_if_damaged(self) -> list[str]:
        """Do nothing: a server's files cannot be rewritten from here."""
        return []

    def close(self) -> None:
        """Close all connections, those in use at the end of their transactions; no others can begin."""
        self._closed = True
        self._engine.pool.dispose()

    def _tables(self, catalog: Catalog) -> set[str]:
        return set(sa.inspect(catalog.connection).get_table_names(schema=self.address.schema))

    @contextmanager
    def _connected(self, options: Mapping[str, Any]) -> Iterator[sa.Connection]:
        """Return a connection with these execution options; database errors become those of `storage.errors`."""
        import psycopg

        self._require_open()
        try:
            with self._engine.connect() as connection:
                connection.execution_options(**options)
                yield connection
        except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
            raise self._store_error(error) from error
        finally:
            if self._closed:
                # This one was returned to the pool after the others had been closed.
                self._engine.pool.dispose()

    def _require_open(self) -> None:
        if self._closed:
            raise errors.store_closed(self.address)

    def _store_error(self, error: Exception) -> errors.LookalikeError:
        """Return the error of `storage.errors` for a database error, by its SQLSTATE.

        https://www.postgresql.org/docs/15/errcodes-appendix.html
        """
        cause = getattr(error, "orig", None) or error
        state = getattr(cause, "sqlstate", None) or ""
        message = " ".join(str(cause).split())
        if state.startswith(("40", "55P03")):
            return errors.StoreBusy(
                f"expected {self.address} to be free within {LOCK_TIMEOUT_MS // 1000} s, got '{message}': others are "
                "writing to it; try again"
            )
        if state.startswith(("53", "25006", "42501")):
            return errors.StoreUnwritable(
                f"expected to read and write {self.address}, got '{message}': everything acknowledged so far is kept; "
                "free space or change the permissions and run the same command again"
            )
        if state.startswith(("22", "54")):
            return errors.InvalidItem(f"expected values that PostgreSQL can store at {self.address}, got '{message}'")
        if state.startswith("XX"):
            return errors.StoreCorrupt(
                f"expected an intact catalog at {self.address}, got '{message}': restore it from a backup"
            )
        if state.startswith("42"):
            return errors.StoreCorrupt(f"expected the tables of a Lookalike catalog at {self.address}, got '{message}'")
        return errors.ServerUnusable(
            f"expected PostgreSQL at {self.address} to answer, got '{message}': everything acknowledged so far is "
            "kept; start the server or change the URL, and run the same command again"
        )


def _mark(catalog: Catalog) -> None:
    catalog.connection.execute(sa.text(f"COMMENT ON TABLE batches IS '{MARK}{SCHEMA_VERSION}'"))


def _version(catalog: Catalog) -> int | None:
    """Return the schema version in the mark, None if there is no catalog."""
    comment = catalog.connection.execute(_COMMENT).scalar_one()
    version = str(comment).removeprefix(MARK)
    return int(version) if comment != version and version.isdecimal() else None
