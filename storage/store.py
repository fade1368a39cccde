"""The store: one place that keeps items with their vectors, and finds the nearest ones.

The catalog's rows are the truth; the index is derived from them. Here is what its one writer may do; what every
process may ask is in `reading.py`.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from storage.catalog import commit
from storage.catalog.batch_copies import CopiedBatch, write_copies
from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.databases.address import Place, address_of
from storage.databases.postgres_server import PostgresServer
from storage.databases.sqlite_file import SqliteFile
from storage.errors import InvalidItem, StoreCorrupt, StoreReadOnly
from storage.files import layout
from storage.files.lock import Lock, SharedLock, WriterLock
from storage.locations.creation import finish_copied_catalog, new_store_folder, write_empty_catalog
from storage.maintenance import verification
from storage.maintenance.publish import publish
from storage.maintenance.repair import forget_damaged_generations, repair_rows
from storage.milvus.engine import Engine
from storage.milvus.url import MilvusUrl, milvus_url
from storage.reader import StoreReader
from storage.types.embedding import Embedding
from storage.types.items import Appended, NewItem, checked_id
from storage.types.jobs import Entry
from storage.types.vectors import checked_vectors


class Store(StoreReader):
    """An open store; use it in a `with` statement, or call `close`.

    A store is in a folder, or in a PostgreSQL database that a URL names. Its vectors are searched in memory, or by the
    Milvus server that `milvus` names: that is told at each opening, since what a server holds is derived from the
    rows, and whether there is one, and at which address, is a matter of where a process runs.
    """

    def __init__(self, place: Place, database: Database, lock: Lock | None, milvus: MilvusUrl | None) -> None:
        database.require_catalog()
        if lock is not None:
            database.upgrade()
        super().__init__(place, database)
        self._lock = lock
        if milvus is not None:
            self._engine = Engine(milvus, database, self.embedding, make=lock is not None)

    @staticmethod
    def exists_at(place: str | Path) -> bool:
        """Tell whether there is a store at a place."""
        address = address_of(place)
        if address is None:
            return layout.holds_store(Path(place))
        with closing(PostgresServer(address)) as server:
            return server.holds_catalog()

    @staticmethod
    def require_free(place: str | Path) -> None:
        """Raise StoreExists or NotAStore unless a store can be created at a place."""
        address = address_of(place)
        if address is None:
            layout.require_free(Path(place))
            return
        with closing(PostgresServer(address)) as server:
            server.require_free()

    @classmethod
    def create(cls, place: str | Path, embedding: Embedding, *, milvus: str | None = None) -> "Store":
        """Create an empty store in a new or empty folder, or at a URL, and open it for writing.

        Raise StoreExists, NotAStore, StoreBusy, StoreUnwritable or ServerUnusable; there is no store then, or an empty
        one when it is the vectors' server that cannot be used.
        """
        url = milvus_url(milvus) if milvus is not None else None
        address = address_of(place)
        if address is not None:
            server = PostgresServer(address)
            with _closed_on_failure(server):
                server.create(lambda connection: Catalog(connection).begin(embedding))
                return cls(address, server, SharedLock(), url)
        with new_store_folder(Path(place)) as lock:
            write_empty_catalog(Path(place), embedding)
            return cls._opened(Path(place), lock, url)

    @classmethod
    def open(cls, place: str | Path, *, writing: bool = False, milvus: str | None = None) -> "Store":
        """Open a store for reading, or for writing: one in a folder as its one writer.

        Raise StoreNotFound, NotAStore, StoreVersion, StoreCorrupt, ServerUnusable, or StoreBusy when there is a
        writer already.
        """
        url = milvus_url(milvus) if milvus is not None else None
        address = address_of(place)
        if address is not None:
            server = PostgresServer(address)
            with _closed_on_failure(server):
                return cls(address, server, SharedLock() if writing else None, url)
        folder = Path(place)
        layout.require_store(folder)
        layout.require_own_files(folder, writing=writing)
        lock = WriterLock(folder / layout.WRITER_LOCK) if writing else None
        try:
            return cls._opened(folder, lock, url)
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    @classmethod
    def _opened(cls, folder: Path, lock: WriterLock | None, milvus: MilvusUrl | None = None) -> "Store":
        database = SqliteFile(folder / layout.CATALOG)
        with _closed_on_failure(database):
            return cls(folder, database, lock, milvus)

    def backup(self, folder: str | Path) -> None:
        """Copy the store, as it is after some whole batch, to a new or empty folder; an ingest may go on meanwhile.

        The copy is proved whole. Raise StoreExists, NotAStore, StoreCorrupt or StoreUnwritable; the folder then holds
        no store.
        """
        target, source = Path(folder), SqliteFile(self.folder / layout.CATALOG)
        with new_store_folder(target) as lock, closing(source):
            source.copy_to(target / layout.NEW_CATALOG)
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

        def change(connection: Any) -> Appended:
            catalog = Catalog(connection)
            appended = commit.append(catalog, items, texts, rows) if items else Appended((), 0)
            if entry is not None:
                catalog.ledger.write(entry)
            return appended

        appended = self._database.write_exactly_once(change)
        self._follow()
        return appended

    def write_copies(self, copies: Sequence[CopiedBatch]) -> None:
        """Write batches of another store that follow this one's last, all of them or none."""
        self._require_writer()
        self._database.write_exactly_once(lambda connection: write_copies(Catalog(connection), copies))
        self._follow()

    def write_ledger(self, entries: Sequence[Entry]) -> None:
        """Write the jobs of another store, whose items this one has."""
        self._require_writer()

        def change(connection: Any) -> None:
            ledger = Catalog(connection).ledger
            for entry in entries:
                ledger.write(entry)

        self._database.write_exactly_once(change)

    def delete(self, *, ids: Sequence[int] = (), keys: Sequence[str] = ()) -> int:
        """Delete items, all or nothing, and return how many; when this returns, it survives a crash and a power cut.

        Their ids are never given out again; their vectors take space until `compact`. Raise UnknownItem, with
        nothing deleted, when the store does not hold one of them.
        """
        self._require_writer()

        def change(connection: Any) -> list[int]:
            catalog = Catalog(connection)
            found = [
                *zip(catalog.items.by_id([checked_id(id) for id in ids]), (f"id {id}" for id in ids), strict=True),
                *zip(self._by_key(catalog, keys), (f"key {key!r}" for key in keys), strict=True),
            ]
            buried = sorted({self._held(row, asked).id for row, asked in found})
            commit.bury(catalog, buried)
            return buried

        buried = self._database.write_exactly_once(change)
        self._follow()
        return len(buried)

    def _follow(self) -> None:
        """Let what is derived from the rows follow a batch: memory is loaded again, an engine takes it in."""
        self._memory.forget()
        if self._engine is not None:
            self._engine.catch_up(wait=False)

    def compact(self) -> None:
        """Give back the space of deleted items' vectors and thumbnails; ids and everything else stay as they are.

        Stopped at any moment it can be called again. It needs as much free disk as the store takes.
        """
        self._require_writer()
        with self._database.writing() as connection:
            catalog = Catalog(connection)
            catalog.items.empty_tombstones()
            catalog.thumbnails.remove_of_tombstones()
        self._database.vacuum()
        self.publish()

    def publish(self) -> None:
        """Write the index of everything stored as a new generation, so that the next opening is fast.

        Nothing is lost without it: rows that no generation covers are read from the catalog. A store with a vector
        engine has that instead, which then covers everything.
        """
        self._require_writer()
        if self._engine is not None:
            self._engine.complete()
        elif self._files is not None:
            loaded = publish(self._database, self._files, self.dim)
            if loaded is not None:
                self._memory.take(loaded)
        self._database.analyze()

    def wait_until_indexed(self) -> None:
        """Wait until a vector engine has indexed what it holds; it answers rightly before, but not yet as fast."""
        if self._engine is not None:
            self._engine.wait_until_indexed()

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
            done += forget_damaged_generations(catalog, self._files, self.dim)
            left = next(verification.problems(catalog, self._files, self.dim), None)
            if left is not None:
                raise StoreCorrupt(f"expected {self.place} to be whole after its repair, got '{left}'")
        self._memory.forget()
        if self._engine is not None:
            done += self._engine.complete()
        self.publish()
        return done

    def _require_writer(self) -> None:
        if self._lock is None:
            raise StoreReadOnly(
                f"expected {self.place} to be open for writing, got a store that was opened for reading or is closed: "
                "open it for writing"
            )


@contextmanager
def _closed_on_failure(database: Database) -> Iterator[None]:
    """Close a database unless what is done with it succeeds."""
    try:
        yield
    except BaseException:
        database.close()
        raise
