"""The database that holds a catalog: a file or a server, with atomic transactions."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from storage.catalog.catalog import Catalog

Result = TypeVar("Result")


class Database(Protocol):
    """Transactions on a catalog, and the maintenance of its tables; every method raises errors of `storage.errors`."""

    #: The database system and its version, for people: "SQLite 3.46.1".
    made_with: str

    def reading(self) -> AbstractContextManager[Catalog]:
        """Return the catalog inside a read transaction, whose statements all see the same snapshot."""

    def version(self) -> object:
        """Return a value that is another one after each committed batch, whoever wrote it; perhaps after other commits.

        It takes less time than a read transaction where the database allows it.
        """

    def version_at_once(self) -> object | None:
        """Return `version`, None where the database has to be waited for."""

    def writing(self) -> AbstractContextManager[Catalog]:
        """Return the catalog inside a write transaction: committed and durable at its end, or rolled back.

        Write transactions are serialized: each waits for the one before it and sees its changes.
        """

    def write_exactly_once(self, change: Callable[[Catalog], Result], *, large: bool = False) -> Result:
        """Apply a change in a write transaction and return its result; exactly once, even if the reply is lost.

        A `large` one, of all items, may take more memory so that readers need not wait for it.
        """

    def sync_lock(self, *, wait: bool) -> AbstractContextManager[bool]:
        """Take the lock that lets one process at a time write to a vector server; False when another holds it.

        With `wait`, block until it is free.
        """

    def require_catalog(self) -> None:
        """Raise unless the tables are those of a catalog of a known version."""

    def format(self) -> int:
        """Return the schema version of the tables."""

    def upgrade(self) -> None:
        """Migrate an older catalog's tables to the current version in one transaction."""

    def analyze(self) -> None:
        """Update the query planner's statistics (ANALYZE) after bulk writes."""

    def bytes(self) -> int:
        """Return the size of the catalog in bytes."""

    def vacuum(self) -> None:
        """Reclaim the space of deleted rows (VACUUM)."""

    def integrity(self) -> list[str]:
        """Return the problems that the database's own check reports, a line each."""

    def rewrite_if_damaged(self) -> list[str]:
        """Rewrite the tables from their rows if the database reports corruption; return a line that says so."""

    def close(self) -> None:
        """Close all connections, those in use when their transactions end; a new transaction raises StoreClosed."""
