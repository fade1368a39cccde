"""A store in a folder: a SQLite file with one writer at a time, and index files beside it."""

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from storage.catalog.pages import state_within
from storage.catalog.table_copies import copy_tables
from storage.databases.sqlite_file import SqliteFile
from storage.errors import StoreChanged, StoreCorrupt
from storage.files import decisions, durable, generations, layout
from storage.files.lock import WriterLock
from storage.locations.location import OpenCatalog
from storage.maintenance import verification
from storage.types.embedding import Embedding


@dataclass(frozen=True)
class FolderLocation:
    """A folder that is a store, or that a store can be created in."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)

    def exists(self) -> bool:
        """Return whether the folder has an entry named like a catalog; its contents are checked on opening."""
        return os.path.lexists(self.folder / layout.CATALOG)

    def require_free(self) -> None:
        """Raise StoreExists or NotAStore unless the folder is new or empty."""
        layout.require_free(self.folder)

    def create(self, embedding: Embedding) -> OpenCatalog:
        """Create an empty catalog and open it for writing.

        Raise StoreExists, NotAStore, StoreBusy or StoreUnwritable; there is no store then.
        """
        return self._create(lambda database: _write_empty(database, embedding))

    def create_copy(self, source: Path) -> OpenCatalog:
        """Create a verified copy of the store in the folder `source`, without its index files, and open it for writing.

        What people decided is copied too, but no journals: those are of the other store's files.

        Raise as `create`, or StoreCorrupt; there is no store then.
        """
        created = self._create(lambda database: _write_copy(database, source / layout.CATALOG))
        decisions.copy_decisions(source, self.folder)
        return created

    def _create(self, write: Callable[[SqliteFile], None]) -> OpenCatalog:
        """Write a catalog under a temporary name and rename it, so that it is there complete or not at all."""
        layout.require_free(self.folder)
        durable.make_folder(self.folder)
        layout.require_safe_files(self.folder, writing=True)
        lock = WriterLock(self.folder / layout.WRITER_LOCK)
        try:
            # Checked again: another process may have created a store before this one had the lock.
            layout.require_free(self.folder)
            temporary = self.folder / layout.NEW_CATALOG
            durable.remove(self.folder / f"{layout.NEW_CATALOG}-journal")
            durable.write_empty(temporary)
            with closing(SqliteFile(temporary)) as database:
                write(database)
            durable.rename(temporary, self.folder / layout.CATALOG)
        except BaseException:
            lock.release()
            raise
        return OpenCatalog(SqliteFile(self.folder / layout.CATALOG), writing=True, lock=lock)

    def renewal(self) -> "FolderLocation":
        """Return where the store's renewed vectors are staged: a folder inside of this one."""
        return FolderLocation(self.folder / layout.RENEWAL)

    def remove(self) -> None:
        """Remove the store with its folder; raise NotAStore when other files are in it, and leave those."""
        layout.require_removable(self.folder)
        generations.remove_all(self.folder)
        layout.remove_store(self.folder)

    def open(self, *, writing: bool) -> OpenCatalog:
        """Open the catalog, with the writer lock if it is for writing.

        Raise StoreNotFound, NotAStore, StoreBusy or StoreUnwritable.
        """
        layout.require_store(self.folder)
        layout.require_safe_files(self.folder, writing=writing)
        lock = WriterLock(self.folder / layout.WRITER_LOCK) if writing else None
        return OpenCatalog(SqliteFile(self.folder / layout.CATALOG), writing, lock)


def _write_empty(database: SqliteFile, embedding: Embedding) -> None:
    """Write the catalog of an empty store into an empty file."""
    database.create_tables()
    with database.writing() as catalog:
        catalog.initialize(embedding)


def _write_copy(database: SqliteFile, source: Path) -> None:
    """Copy the catalog at a path into an empty file and verify it; raise StoreCorrupt."""
    database.create_tables()
    with closing(SqliteFile(source)) as original:
        while True:
            try:
                with database.writing() as copy:
                    copy_tables(original.reading, copy)
                    state = state_within(copy)
                    problem = next(verification.problems(state, database.path.parent, copy.embedding().dim), None)
                break
            except StoreChanged:
                # Nothing was committed to the copy.
                continue
    if problem is not None:
        raise StoreCorrupt(f"expected an intact store to back up, got '{problem}': run `lookalike store repair` first")
