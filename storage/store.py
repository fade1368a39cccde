"""The store: one folder that keeps items with their vectors, and finds the nearest ones.

The catalog's rows are the truth. The index is derived from them and kept in memory once it is asked for.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from storage import commit, durable, exact, layout, snapshot, verification
from storage.answers import hits_of
from storage.catalog import Catalog
from storage.creation import new_store_folder, write_empty_catalog
from storage.database import Database
from storage.description import StoreInfo, describe
from storage.embedding import Embedding
from storage.errors import InvalidItem, InvalidQuery, StoreReadOnly, UnknownItem
from storage.items import Appended, Hit, Item, NewItem
from storage.ledger import Entry, Job, Rejected
from storage.lock import WriterLock
from storage.publication import publish
from storage.repair import forget_damaged_generations, repair_rows
from storage.rows import Row
from storage.vectors import checked_vectors


class Store:
    """An open store; use it in a `with` statement, or call `close`."""

    def __init__(self, folder: Path, database: Database, lock: WriterLock | None) -> None:
        self.folder = folder
        self._database = database
        self._lock = lock
        self._snapshot: snapshot.Snapshot | None = None
        database.require_catalog()
        if lock is not None:
            database.upgrade()
        with database.reading() as connection:
            self.embedding: Embedding = Catalog(connection).embedding()

    # Opening and closing

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

        Raise StoreExists, NotAStore or StoreUnwritable; the folder then holds no store.
        """
        target = Path(folder)
        with new_store_folder(target) as lock:
            self._database.copy_to(target / layout.NEW_CATALOG)
            durable.rename(target / layout.NEW_CATALOG, target / layout.CATALOG)
            copied = Store._opened(target, lock)
        with copied:
            copied.publish()

    def close(self) -> None:
        """Close the catalog and let the next writer in; harmless when called again."""
        self._database.close()
        self._snapshot = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Writing

    def append(self, items: Sequence[NewItem], vectors: ArrayLike, entry: Entry | None = None) -> Appended:
        """Add a batch of items, all or nothing; when this returns, it survives a crash and a power cut.

        `vectors` is (n, dim), one row an item. An item whose key is stored already replaces that row under a new
        id. `entry` goes into the ledger with them. Raise InvalidVectors or InvalidItem before anything is written,
        StoreUnwritable when the disk refuses.
        """
        self._require_writer()
        rows = checked_vectors(vectors, self.dim) if len(items) else np.empty((0, self.dim), np.float32)
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
        self._snapshot = None
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
                *zip(catalog.items.by_id([int(id) for id in ids]), (f"id {id}" for id in ids), strict=True),
                *zip(catalog.items.by_key(keys), (f"key {key!r}" for key in keys), strict=True),
            ]
            buried = sorted({self._held(row, asked).id for row, asked in found})
            commit.bury(catalog, buried)
        self._snapshot = None
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
            self._snapshot = loaded

    def repair(self) -> list[str]:
        """Make a damaged store whole: return what was done, a line each; empty when nothing was wrong.

        Index files are made again from the rows. A damaged item is set aside, in the catalog's table `set_aside`,
        and is deleted as an item. Raise StoreCorrupt when SQLite itself cannot read the catalog.
        """
        self._require_writer()
        with self._database.writing() as connection:
            catalog = Catalog(connection)
            done = repair_rows(catalog, self.dim)
            done += forget_damaged_generations(catalog, self.folder, self.dim)
        self._snapshot = None
        self.publish()
        return done

    def _require_writer(self) -> None:
        if self._lock is None:
            raise StoreReadOnly(
                f"expected {self.folder} to be open for writing, got a store that was opened for reading or is closed: "
                "open it for writing"
            )

    # Reading

    @property
    def dim(self) -> int:
        """Return the number of dimensions of the store's vectors."""
        return self.embedding.dim

    def __len__(self) -> int:
        """Return the number of items that are not deleted."""
        with self._database.reading() as connection:
            return Catalog(connection).history.last_batch().live

    def items(self, ids: Sequence[int] | None = None) -> list[Item]:
        """Return the items with these ids, in the order asked, or all in id order; raise UnknownItem for any other."""
        with self._database.reading() as connection:
            catalog = Catalog(connection)
            if ids is None:
                return [row.verified().item() for page in catalog.items.pages() for row in page]
            rows = catalog.items.by_id([int(id) for id in ids])
        return [self._found(row, f"id {id}").item() for row, id in zip(rows, ids, strict=True)]

    def pages(self, size: int) -> Iterator[tuple[list[Item], NDArray[np.float32]]]:
        """Walk all items in id order with their vectors, (n, dim) float32, `size` at a time.

        Each page is read by itself, so a writer is never kept waiting; what is written meanwhile may be missed.
        """
        last = -1
        while True:
            with self._database.reading() as connection:
                rows = [row.verified() for row in Catalog(connection).items.page(last, size)]
            if not rows:
                return
            yield [row.item() for row in rows], np.array([row.array() for row in rows], np.float32)
            last = rows[-1].id

    def by_key(self, key: str) -> Item:
        """Return the item with this key; raise UnknownItem when there is none."""
        with self._database.reading() as connection:
            (row,) = Catalog(connection).items.by_key([key])
        return self._found(row, f"key {key!r}").item()

    def vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the vectors of these items, (n, dim) float32, in the order asked; raise UnknownItem."""
        with self._database.reading() as connection:
            rows = Catalog(connection).items.by_id([int(id) for id in ids])
        found = [self._found(row, f"id {id}").array() for row, id in zip(rows, ids, strict=True)]
        return np.array(found, np.float32).reshape(len(found), self.dim)

    def _found(self, row: Row | None, asked: str) -> Row:
        return self._held(row, asked).verified()

    def _held(self, row: Row | None, asked: str) -> Row:
        if row is None:
            raise UnknownItem(
                f"expected an item of {self.folder}, got {asked}, which it does not hold: "
                "see `python -m storage info` for what it holds"
            )
        return row

    def contents(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the content digest of each of these keys that is stored, to tell what is new or changed."""
        with self._database.reading() as connection:
            return Catalog(connection).items.contents(keys)

    def thumbnails(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the PNG thumbnails of these items, by id; an item without one is left out."""
        with self._database.reading() as connection:
            return Catalog(connection).thumbnails.by_item([int(id) for id in ids])

    def info(self) -> StoreInfo:
        """Describe the store: counts, embedding, sizes, generations and versions."""
        with self._database.reading() as connection:
            return describe(Catalog(connection), self.folder, self._database.format())

    def label_counts(self) -> dict[str | None, int]:
        """Return how many items each label has."""
        with self._database.reading() as connection:
            return Catalog(connection).items.label_counts()

    def all_vectors(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return every id, (n,) int64 ascending, and a read-only view of their vectors, (n, dim) float32."""
        loaded = self._loaded()
        view = loaded.index.vectors().view()
        view.flags.writeable = False
        return loaded.ids, view

    def next_job(self) -> int:
        """Return a number that no job of the ledger has had."""
        with self._database.reading() as connection:
            return Catalog(connection).ledger.next_job()

    def jobs(self) -> list[Job]:
        """Return the jobs that filled the store, the newest last."""
        with self._database.reading() as connection:
            return Catalog(connection).ledger.jobs()

    def rejects(self, job: int | None = None) -> list[Rejected]:
        """Return the inputs that could not be stored, of all jobs or one."""
        with self._database.reading() as connection:
            return Catalog(connection).ledger.rejects(job)

    def refresh(self) -> None:
        """See the batches that were acknowledged since the vectors were loaded."""
        self._snapshot = None

    def _loaded(self) -> snapshot.Snapshot:
        if self._snapshot is None:
            with self._database.reading() as connection:
                self._snapshot = snapshot.load(Catalog(connection), self.folder, self.dim)
        return self._snapshot

    def nearest(self, vectors: ArrayLike, k: int, exclude: Sequence[Sequence[int]] | None = None) -> list[list[Hit]]:
        """Return the k nearest items of each query, (n, dim) or one (dim,), by Euclidean distance, then id.

        `exclude` lists ids to leave out, one list a query. Every hit's row is checked against its checksum and
        against the vector that was compared; StoreCorrupt is raised rather than a wrong label returned. Raise
        InvalidVectors, or InvalidQuery for k below 1.
        """
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
            raise InvalidQuery(f"expected k to be a whole number of at least 1, got {k!r}")
        queries = checked_vectors(vectors, self.dim)
        if exclude is not None and len(exclude) != len(queries):
            raise InvalidQuery(
                f"expected a list of excluded ids for each of {len(queries)} queries, got {len(exclude)}"
            )
        loaded = self._loaded()
        excluded = (
            [loaded.positions(np.array([id for id in map(int, ids) if abs(id) < 2**63], np.int64)) for ids in exclude]
            if exclude is not None
            else None
        )
        answers = exact.nearest(loaded.index, queries, int(k), excluded)
        with self._database.reading() as connection:
            return hits_of(loaded, Catalog(connection), answers)

    def verify(self) -> list[str]:
        """Prove the store whole: return what is wrong with it, a line each; empty when nothing is."""
        problems = self._database.integrity()
        with self._database.reading() as connection:
            return problems + list(verification.problems(Catalog(connection), self.folder, self.dim))
