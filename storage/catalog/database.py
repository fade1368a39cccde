"""The contract of what keeps a catalog: a database with whole transactions, in a file or on a server."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")


class Database(Protocol):
    """One way to begin each kind of transaction, and what to do about the tables themselves.

    Every method raises our own errors only; a connection is SQLAlchemy's.
    """

    #: What the tables are made with, for people: "SQLite 3.46.1".
    made_with: str

    def reading(self) -> AbstractContextManager[Any]:
        """Give a connection inside a read transaction: every statement sees the same batches."""
        ...

    def writing(self) -> AbstractContextManager[Any]:
        """Give a connection inside a write transaction, committed at the end and durable then, or rolled back.

        One at a time: another waits until it has ended, and sees what it did.
        """
        ...

    def once(self, change: Callable[[Any], Result]) -> Result:
        """Make a change in a write transaction and return its result; exactly once, whatever becomes of the answer."""
        ...

    def filling(self, *, wait: bool) -> AbstractContextManager[bool]:
        """Give the right to fill what is derived on other servers, to one process; False when another has it.

        With `wait` it waits until nobody has it.
        """
        ...

    def require_catalog(self) -> None:
        """Raise unless the tables are those of a catalog of a known version."""
        ...

    def format(self) -> int:
        """Return the version of the tables."""
        ...

    def upgrade(self) -> None:
        """Bring an older catalog's tables to this version, in one step; do nothing to one of this version."""
        ...

    def tend(self) -> None:
        """Prepare for questions after much was written."""
        ...

    def bytes(self) -> int:
        """Return how much space the catalog takes."""
        ...

    def vacuum(self) -> None:
        """Let go of the space of what was deleted."""
        ...

    def integrity(self) -> list[str]:
        """Return what the database's own check finds wrong, a line each; empty when nothing is."""
        ...

    def rewrite_if_damaged(self) -> list[str]:
        """Make the tables anew from their rows when the database finds them damaged; return a line that says so."""
        ...

    def close(self) -> None:
        """Close every connection now."""
        ...
