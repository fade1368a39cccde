"""The store: one folder that keeps items with their vectors, and finds the nearest ones.

The catalog's rows are the truth; the index is derived from them. Here is what its one writer may do; what every
process may ask is in `reading.py`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from storage import commit, layout, verification
from storage.catalog import Catalog
from storage.creation import finish_copied_catalog, new_store_folder, write_empty_catalog
from storage.database import Database
from storage.embedding import Embedding
from storage.errors import InvalidItem, StoreCorrupt, StoreReadOnly
from storage.items import Appended, NewItem, checked_id
from storage.ledger import Entry
from storage.lock import WriterLock
from storage.publication import publish
from storage.reading import StoreReader
from storage.repair import forget_damaged_generations, repair_rows
from storage.vectors import checked_vectors


class Store(StoreReader):
    """An open store; use it in a `with` statement, or call `close`."""

    def __init__(self, folder: Path, database: Database, lock: WriterLock | None) -> None:
        database.require_catalog()
        if lock is not None:
            database.upgrade()
        super().__init__(folder, database)
        self._lock = lock

    @staticmethod
    def exists_at(folder: str | Path) -> bool:
        """Tell whether there is a store in the folder."""
        return layout.holds_store(Path(folder))

    @staticmethod
    def require_free(folder: str | Path) -> None:
        """Raise StoreExists or NotAStore unless a store can be created in the folder."""
        layout.require_free(Path(folder))

    @classmethod
    def create(cls, folder: str | Path, embedding: Embedding) -> "Store":
        """Create an empty store in a new or empty folder and open it for writing.

        Raise StoreExists, NotAStore, StoreBusy or StoreUnwritable; the folder then holds no store.
        """
        with new_store_folder(Path(folder)) as lock:
            write_empty_catalog(Path(folder), embedding)
            return cls._opened(Path(folder), lock)

    @classmethod
    def open(cls, folder: str | Path, *, writing: bool = False) -> "Store":
        """Open a store for reading, or for writing as its one writer.

        Raise StoreNotFound, NotAStore, StoreVersion, StoreCorrupt, or StoreBusy when there is a writer already.
        """
        folder = Path(folder)
        layout.require_store(folder)
        layout.require_own_files(folder, writing=writing)
        lock = WriterLock(folder / layout.WRITER_LOCK) if writing else None
        try:
            return cls._opened(folder, lock)
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    @classmethod
    def _opened(cls, folder: Path, lock: WriterLock | None) -> "Store":
        database = Database(folder / layout.CATALOG)
        try:
            return cls(folder, database, lock)
        except BaseException:
            database.close()
            raise

    def backup(self, folder: str | Path) -> None:
        """Copy the store, as it is after some whole batch, to a new or empty folder; an ingest may go on meanwhile.

        The copy is proved whole. Raise StoreExists, NotAStore, StoreCorrupt or StoreUnwritable; the folder then holds
        no store.
        """
        target = Path(folder)
        with new_store_folder(target) as lock:
            self._database.copy_to(target / layout.NEW_CATALOG)
            finish_copied_catalog(target, self.dim)
            copied = Store._opened(target, lock)
        with copied:
            copied.publish()

    def close(self) -> None:
        """Close the catalog and let the next writer in; harmless when called again."""
        super().close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> "Store":
        return self

    def append(self, items: Sequence[NewItem], vectors: ArrayLike, entry: Entry | None = None) -> Appended:
        """Add a batch of items, all or nothing; when this returns, it survives a crash and a power cut.

        `vectors` is (n, dim), one row an item. An item whose key is stored already replaces that row under a new
        id. `entry` goes into the ledger with them. Raise InvalidVectors or InvalidItem before anything is written,
        StoreUnwritable when the disk refuses.
        """
        self._require_writer()
        rows = checked_vectors(vectors, self.dim) if np.size(vectors) else np.empty((0, self.dim), np.float32)
        if len(rows) != len(items):
            raise InvalidItem(f"expected a vector for each of {len(items)} items, got {len(rows)} vectors")
        if not items and entry is None:
            return Appended((), 0)
        texts = commit.texts_of_batch(items)
        with self._database.writing() as connection:
            catalog = Catalog(connection)
            appended = commit.append(catalog, items, texts, rows) if items else Appended((), 0)
            if entry is not None:
                catalog.ledger.write(entry)
        self._memory.forget()
        return appended

    def delete(self, *, ids: Sequence[int] = (), keys: Sequence[str] = ()) -> int:
        """Delete items, all or nothing, and return how many; when this returns, it survives a crash and a power cut.

        Their ids are never given out again; their vectors take space until `compact`. Raise UnknownItem, with
        nothing deleted, when the store does not hold one of them.
        """
        self._require_writer()
        with self._database.writing() as connection:
            catalog = Catalog(connection)
            found = [
                *zip(catalog.items.by_id([checked_id(id) for id in ids]), (f"id {id}" for id in ids), strict=True),
                *zip(self._by_key(catalog, keys), (f"key {key!r}" for key in keys), strict=True),
            ]
            buried = sorted({self._held(row, asked).id for row, asked in found})
            commit.bury(catalog, buried)
        self._memory.forget()
        return len(buried)

    def compact(self) -> None:
        """Give back the space of deleted items' vectors and thumbnails; ids and everything else stay as they are.

        Stopped at any moment it can be called again. It needs as much free disk as the store takes.
        """
        self._require_writer()
        with self._database.writing() as connection:
            catalog = Catalog(connection)
            catalog.items.empty_tombstones()
            catalog.thumbnails.remove_of_tombstones()
        self._database.give_back_space()
        self.publish()

    def publish(self) -> None:
        """Write the index of everything stored as a new generation, so that the next opening is fast.

        Nothing is lost without it: rows that no generation covers are read from the catalog.
        """
        self._require_writer()
        loaded = publish(self._database, self.folder, self.dim)
        if loaded is not None:
            self._memory.take(loaded)

    def repair(self) -> list[str]:
        """Make a damaged store whole: return what was done, a line each; empty when nothing was wrong.

        Index files are made again from the rows. A damaged item is set aside, in the catalog's table `set_aside`,
        and is deleted as an item. Raise StoreCorrupt, with nothing changed, when that does not make it whole.
        """
        self._require_writer()
        done = self._database.rewrite_if_damaged()
        with self._database.writing() as connection:
            catalog = Catalog(connection)
            done += repair_rows(catalog, self.dim)
            done += forget_damaged_generations(catalog, self.folder, self.dim)
            left = next(verification.problems(catalog, self.folder, self.dim), None)
            if left is not None:
                raise StoreCorrupt(f"expected {self.folder} to be whole after its repair, got '{left}'")
        self._memory.forget()
        self.publish()
        return done

    def _require_writer(self) -> None:
        if self._lock is None:
            raise StoreReadOnly(
                f"expected {self.folder} to be open for writing, got a store that was opened for reading or is closed: "
                "open it for writing"
            )
