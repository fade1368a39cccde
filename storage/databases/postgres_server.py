"""The catalog on a server: PostgreSQL, asked so that COMMIT means durable; the only file that imports psycopg.

Many processes may write at the same time: each transaction that writes waits for the one before it, so ids are given
out and batches are chained exactly as one writer would.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from storage.catalog.schema import SCHEMA_VERSION, Base, CommitRow
from storage.databases.address import Address
from storage.errors import (
    InvalidItem,
    LookalikeError,
    NotAStore,
    ServerUnusable,
    StoreBusy,
    StoreCorrupt,
    StoreExists,
    StoreNotFound,
    StoreUnwritable,
    StoreVersion,
    require_extra,
)

#: How long a connection is tried, in seconds.
CONNECT_TIMEOUT_S = 10

#: How long a writer waits for those before it, in milliseconds.
LOCK_TIMEOUT_MS = 60_000

#: Settings of the server without which an acknowledged batch could be lost.
#: https://www.postgresql.org/docs/15/wal-reliability.html
SETTINGS = {"synchronous_commit": "on", "fsync": "on", "full_page_writes": "on"}

#: What stands in the comment on the table of batches, before the version of the tables.
MARK = "Lookalike catalog, version "

_COMMENT = sa.text("SELECT obj_description(to_regclass('batches'), 'pg_class')")

#: Names the lock that a writer takes; each schema of a database has its own.
_WAIT_FOR_WRITERS = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('lookalike ' || :schema, 0))")

#: Names the lock that a process takes to fill a vector engine.
_FILLER = "hashtextextended('lookalike vectors ' || :schema, 0)"

_SIZE = sa.text(
    "SELECT coalesce(sum(pg_total_relation_size(to_regclass(name))), 0) FROM unnest(CAST(:names AS text[])) AS name"
)

_READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_WRITING = {"isolation_level": "READ COMMITTED", "postgresql_readonly": False}

Result = TypeVar("Result")


class PostgresServer:
    """A `Database` in a schema of a PostgreSQL database."""

    def __init__(self, address: Address) -> None:
        require_extra("psycopg", "postgres")
        self.address = address
        self.made_with = "PostgreSQL"
        self._engine = sa.create_engine(
            address.url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}
        )
        sa.event.listen(self._engine, "connect", self._prepare)

    def _prepare(self, connection: Any, _record: object) -> None:
        """Make a new connection see the store's schema, and commit durably."""
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('search_path', %s, false)", [self.address.schema])
            cursor.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
            cursor.execute("SET synchronous_commit = on")
            for name, value in SETTINGS.items():
                (got,) = cursor.execute(f"SHOW {name}").fetchone()
                if got != value:
                    raise StoreUnwritable(
                        f"expected PostgreSQL to run with {name}={value} at {self.address}, got {got}: what is "
                        "acknowledged could be lost; change the server's settings"
                    )
            (version,) = cursor.execute("SHOW server_version").fetchone()
        self.made_with = f"PostgreSQL {version}"
        connection.autocommit = False

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection inside a read transaction: every statement sees the same batches."""
        with self._transaction(_READING) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection inside a write transaction, begun when every other one has ended."""
        with self._transaction(_WRITING) as connection:
            # Each statement after it sees what the writer before has committed.
            connection.execute(_WAIT_FOR_WRITERS, {"schema": self.address.schema})
            yield connection

    @contextmanager
    def _transaction(self, options: Mapping[str, Any]) -> Iterator[sa.Connection]:
        with self._our_errors(), self._engine.connect() as connection:
            connection.execution_options(**options)
            with connection.begin():
                yield connection

    def write_exactly_once(self, change: Callable[[sa.Connection], Result]) -> Result:
        """Make a change in a write transaction, exactly once even when the answer to COMMIT was lost.

        Beside the change a key is written, which tells afterwards whether it was committed.
        """
        key = uuid.uuid4().hex
        made: list[Result] = []

        def make() -> Result:
            made.clear()
            with self.writing() as connection:
                made.append(change(connection))
                connection.execute(sa.insert(CommitRow).values(key=key))
            return made[0]

        try:
            return make()
        except ServerUnusable:
            with self.reading() as connection:
                committed = connection.execute(sa.select(CommitRow.key).where(CommitRow.key == key)).first()
            return make() if committed is None else made[0]

    @contextmanager
    def sync_lock(self, *, wait: bool) -> Iterator[bool]:
        """Give the right to fill what is derived on other servers, to one process; False when another has it."""
        with self._our_errors(), self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT", postgresql_readonly=False)
            connection.execute(sa.text("SET lock_timeout = 0"))
            lock = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
            had = connection.execute(sa.text(f"SELECT {lock}({_FILLER})"), {"schema": self.address.schema}).scalar()
            try:
                yield wait or bool(had)
            finally:
                # With the connection its lock goes as well, also when the server has gone.
                connection.invalidate()

    def create(self, fill: Callable[[sa.Connection], None]) -> None:
        """Make the tables and fill them, in one transaction; raise StoreExists or NotAStore where there are some."""
        with self.writing() as connection:
            self._require_free(connection)
            connection.execute(sa.schema.CreateSchema(self.address.schema, if_not_exists=True))
            Base.metadata.create_all(connection, checkfirst=False)
            _mark(connection)
            fill(connection)

    def holds_catalog(self) -> bool:
        """Tell whether something has the mark of a catalog; opening it tells what it is."""
        with self.reading() as connection:
            return _marked(connection) is not None

    def require_free(self) -> None:
        """Raise StoreExists or NotAStore unless a catalog can be made here."""
        with self.reading() as connection:
            self._require_free(connection)

    def _require_free(self, connection: sa.Connection) -> None:
        if _marked(connection) is not None:
            raise StoreExists(f"expected no store yet at {self.address}, got one: open it instead")
        ours = sorted(self._tables(connection) & Base.metadata.tables.keys())
        if ours:
            raise NotAStore(
                f"expected no tables of others' in the way at {self.address}, got {ours[0]!r}: name another schema"
            )

    def require_catalog(self) -> None:
        """Raise unless the schema holds a catalog of a known version, with all its tables."""
        with self.reading() as connection:
            version, missing = _marked(connection), Base.metadata.tables.keys() - self._tables(connection)
        if version is None:
            raise StoreNotFound(
                f"expected a store at {self.address}, found none there: make one with `python -m ingest SOURCE --store "
                f"{self.address}`, or name the right database and schema"
            )
        if version > SCHEMA_VERSION:
            raise StoreVersion(
                f"expected a store of version {SCHEMA_VERSION} or older at {self.address}, got version {version}: "
                "open it with a newer Lookalike"
            )
        if missing and version == SCHEMA_VERSION:
            raise StoreCorrupt(
                f"expected the tables of a Lookalike catalog at {self.address}, got no {min(missing)}: restore it from "
                "a backup"
            )

    def format(self) -> int:
        """Return the version of the tables."""
        with self.reading() as connection:
            return _marked(connection) or 0

    def upgrade(self) -> None:
        """Make the tables that came since an older catalog's version, in one step."""
        if self.format() == SCHEMA_VERSION:
            return
        with self.writing() as connection:
            Base.metadata.create_all(connection)
            _mark(connection)

    def analyze(self) -> None:
        """Count what is in the tables, so that statements go by the right index; the server does so later by itself."""
        with self._our_errors(), self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT", postgresql_readonly=False)
            connection.execute(sa.text(f"ANALYZE {', '.join(Base.metadata.tables)}"))

    def bytes(self) -> int:
        """Return how much space the tables and their indexes take on the server."""
        with self.reading() as connection:
            return int(connection.execute(_SIZE, {"names": list(Base.metadata.tables)}).scalar_one())

    def vacuum(self) -> None:
        """Let the tables use the space of what was deleted again."""
        with self._our_errors(), self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT", postgresql_readonly=False)
            connection.execute(sa.text(f"VACUUM {', '.join(Base.metadata.tables)}"))

    def integrity(self) -> list[str]:
        """Return nothing: a server looks after its own files, and rows have their checksums."""
        return []

    def rewrite_if_damaged(self) -> list[str]:
        """Return nothing, as `integrity` does."""
        return []

    def close(self) -> None:
        """Close every connection now."""
        self._engine.dispose()

    def _tables(self, connection: sa.Connection) -> set[str]:
        return set(sa.inspect(connection).get_table_names(schema=self.address.schema))

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        # Imported here: only a store on a server needs it.
        import psycopg

        try:
            yield
        except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
            raise self._ours(error) from error

    def _ours(self, error: Exception) -> LookalikeError:
        """Turn a database error into the one that says what a user can do about it, by its SQLSTATE.

        https://www.postgresql.org/docs/15/errcodes-appendix.html
        """
        cause = getattr(error, "orig", None) or error
        state = getattr(cause, "sqlstate", None) or ""
        said = " ".join(str(cause).split())
        if state.startswith(("40", "55P03")):
            return StoreBusy(
                f"expected {self.address} to be free within {LOCK_TIMEOUT_MS // 1000} s, got '{said}': others are "
                "writing to it; try again"
            )
        if state.startswith(("53", "25006", "42501")):
            return StoreUnwritable(
                f"expected to read and write {self.address}, got '{said}': everything acknowledged so far is kept; "
                "free space or change the permissions and run the same command again"
            )
        if state.startswith(("22", "54")):
            return InvalidItem(f"expected values that PostgreSQL can store at {self.address}, got '{said}'")
        if state.startswith("XX"):
            return StoreCorrupt(f"expected a whole catalog at {self.address}, got '{said}': restore it from a backup")
        if state.startswith("42"):
            return StoreCorrupt(f"expected the tables of a Lookalike catalog at {self.address}, got '{said}'")
        return ServerUnusable(
            f"expected PostgreSQL at {self.address} to answer, got '{said}': everything acknowledged so far is kept; "
            "start the server or change the URL, and run the same command again"
        )


def _mark(connection: sa.Connection) -> None:
    connection.execute(sa.text(f"COMMENT ON TABLE batches IS '{MARK}{SCHEMA_VERSION}'"))


def _marked(connection: sa.Connection) -> int | None:
    """Return the version that the tables are marked with, None where there is no catalog."""
    comment = connection.execute(_COMMENT).scalar_one()
    version = str(comment).removeprefix(MARK)
    return int(version) if comment != version and version.isdecimal() else None
