"""The protocol of a store's location, and what opening it returns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from storage.catalog.database import Database
from storage.files.lock import WriterLock
from storage.types.embedding import Embedding


@dataclass(frozen=True)
class OpenCatalog:
    """A store's open database, for reading or for writing; `lock` is a folder's writer lock, held until `close`."""

    database: Database
    writing: bool
    lock: WriterLock | None = None

    @property
    def may_write(self) -> bool:
        """Return whether it was opened for writing, and its lock, if it has one, is held by this process."""
        return self.writing and (self.lock is None or self.lock.held)

    def close(self) -> None:
        """Close the database and release the lock; harmless when called again."""
        self.database.close()
        if self.lock is not None:
            self.lock.release()


class Location(Protocol):
    """Where a store is or can be created; as a text, the folder's path or the URL without its password."""

    @property
    def folder(self) -> Path | None:
        """The folder of the store's index files; None for a store on a server, which has none."""

    def exists(self) -> bool:
        """Return whether there is something named like a catalog; its contents are checked on opening."""

    def require_free(self) -> None:
        """Raise StoreExists or NotAStore unless a store can be created here."""

    def create(self, embedding: Embedding) -> OpenCatalog:
        """Create an empty catalog, complete or not at all, and open it for writing.

        Raise StoreExists, NotAStore, StoreBusy, StoreUnwritable or ServerUnusable.
        """

    def renewal(self) -> "Location":
        """Return where the store's renewed vectors are staged, as a store of their own."""

    def remove(self) -> None:
        """Remove the store, or what is left of it after an interruption; raise NotAStore or ServerUnusable."""

    def open(self, *, writing: bool) -> OpenCatalog:
        """Open the store's database, without looking at its tables yet.

        Raise StoreNotFound, NotAStore, StoreBusy, StoreUnwritable or ServerUnusable.
        """
