"""What any process may ask of a store, while another may be writing to it.

Every row is checked against its checksum before anything is said of it. The vectors are loaded once they are asked
for; `refresh` lets go of them.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from storage.catalog.batch import Batch
from storage.catalog.batch_copies import CopiedBatch, batches_after
from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.row import Row
from storage.errors import InvalidQuery, NotAStore, UnknownItem
from storage.locations.location import Location
from storage.maintenance import verification
from storage.maintenance.info import StoreInfo, describe, label_counts
from storage.memory.hits import SnapshotOutdated
from storage.memory.memory_search import MemorySearch
from storage.memory.neighbours import Neighbours, neighbours_of_all
from storage.memory.searchable import ExcludedIds, Queries, Searchable
from storage.memory.snapshot_cache import SnapshotCache
from storage.types.embedding import Embedding
from storage.types.items import Hit, Item, checked_id, checked_k, checked_radius
from storage.types.jobs import Job, Rejected
from storage.types.vectors import checked_vectors
from storage.types.where import Where

if TYPE_CHECKING:
    from storage.milvus.engine import Engine

#: Finds each query's hits, without the items that are left out, among what is searched.
Find = Callable[[Searchable, Queries, ExcludedIds], list[list[Hit]]]


class StoreReader:
    """An open store, as far as reading it goes."""

    def __init__(self, location: Location, database: Database) -> None:
        self.location = location
        self._database = database
        self._keys_proven = False
        self._thumbnails_proven = False
        with database.reading() as connection:
            self.embedding: Embedding = Catalog(connection).embedding()
        self._memory = SnapshotCache(database, self._files, self.dim)
        self._engine: Engine | None = None

    def close(self) -> None:
        """Close the catalog; harmless when called again."""
        self._database.close()
        self._memory.forget()
        if self._engine is not None:
            self._engine.close()

    @property
    def folder(self) -> Path:
        """Return the folder of a store that is in one; raise NotAStore for a store on a server."""
        if self.location.folder is not None:
            return self.location.folder
        raise NotAStore(
            f"expected a store in a folder, got {self.location}: `python -m storage migrate` copies it to one"
        )

    @property
    def _files(self) -> Path | None:
        """Return the folder of the store's index files; a store on a server has none."""
        return self.location.folder

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def dim(self) -> int:
        """Return the number of dimensions of the store's vectors."""
        return self.embedding.dim

    def __len__(self) -> int:
        """Return the number of items that are not deleted."""
        with self._database.reading() as connection:
            catalog = Catalog(connection)
            last, counted = catalog.history.last_batch(), catalog.items.count()
        last.require_live(counted)
        return counted

    def items(self, ids: Sequence[int] | None = None) -> list[Item]:
        """Return the items with these ids, in the order asked, or all in id order; raise UnknownItem for any other."""
        if ids is not None:
            return [row.item() for row in self._by_id(ids)]
        with self._database.reading() as connection:
            return [row.item() for row in Catalog(connection).checked_rows()]

    def pages(self, size: int) -> Iterator[tuple[list[Item], NDArray[np.float32]]]:
        """Walk all items in id order with their vectors, (n, dim) float32, `size` at a time.

        Each page is read by itself, so a writer is never kept waiting; what is written meanwhile may be missed.
        Raise StoreCorrupt, at the latest after the last page, when an item is damaged or lost.
        """
        last, count = -1, 0
        begun: Batch | None = None
        while True:
            with self._database.reading() as connection:
                catalog = Catalog(connection)
                batch = catalog.history.last_batch()
                rows = [row.verified() for row in catalog.items.page(last, size)]
            begun = begun or batch
            if not rows:
                break
            yield [row.item() for row in rows], np.array([row.vector_array(self.dim) for row in rows], np.float32)
            last, count = rows[-1].id, count + len(rows)
        if batch == begun:
            batch.require_live(count)

    def by_key(self, key: str) -> Item:
        """Return the item with this key; raise UnknownItem when there is none."""
        with self._database.reading() as connection:
            (row,) = self._by_key(Catalog(connection), [key])
        return self._held(row, f"key {key!r}").item()

    def vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the vectors of these items, (n, dim) float32, in the order asked; raise UnknownItem."""
        found = [row.vector_array(self.dim) for row in self._by_id(ids)]
        return np.array(found, np.float32).reshape(len(found), self.dim)

    def _by_id(self, ids: Sequence[int]) -> list[Row]:
        """Return the rows of these ids, checked; raise UnknownItem."""
        asked = [checked_id(id) for id in ids]
        with self._database.reading() as connection:
            catalog = Catalog(connection)
            rows = catalog.items.by_id(asked)
            catalog.require_tombstones(id for row, id in zip(rows, asked, strict=True) if row is None)
        return [self._held(row, f"id {id}").verified() for row, id in zip(rows, ids, strict=True)]

    def _by_key(self, catalog: Catalog, keys: Sequence[str]) -> list[Row | None]:
        """Return the rows of these keys, checked; None where there is none."""
        rows = catalog.items.by_key(keys)
        if not self._keys_proven and None in rows:
            # Once: it takes as long as reading every row.
            catalog.require_complete_key_index()
            self._keys_proven = True
        return [row and row.verified() for row in rows]

    def _held(self, row: Row | None, asked: str) -> Row:
        if row is None:
            raise UnknownItem(
                f"expected an item of {self.location}, got {asked}, which it does not hold: "
                "see `python -m storage info` for what it holds"
            )
        return row

    def contents(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the content digest of each of these keys that is stored, to tell what is new or changed."""
        with self._database.reading() as connection:
            rows = self._by_key(Catalog(connection), keys)
        return {key: row.content for key, row in zip(keys, rows, strict=True) if row is not None}

    def thumbnails(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the PNG thumbnails of these items, by id; an item without one is left out."""
        asked = [checked_id(id) for id in ids]
        with self._database.reading() as connection:
            thumbnails = Catalog(connection).thumbnails
            found = thumbnails.by_item(asked)
            if not self._thumbnails_proven and len(found) < len(set(asked)):
                # Once: it takes as long as reading every thumbnail.
                thumbnails.require_searchable()
                self._thumbnails_proven = True
        return found

    def info(self) -> StoreInfo:
        """Describe the store: counts, embedding, sizes, generations and versions."""
        with self._database.reading() as connection:
            return describe(Catalog(connection), self._files, self._database)

    def label_counts(self) -> dict[str | None, int]:
        """Return how many items each label has."""
        with self._database.reading() as connection:
            return label_counts(Catalog(connection))

    def all_vectors(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return every id, (n,) int64 ascending, and a read-only view of their vectors, (n, dim) float32."""
        loaded = self._memory.whole()
        view = loaded.index.vectors().view()
        view.flags.writeable = False
        return loaded.ids, view

    def ids(self) -> NDArray[np.int64]:
        """Return the ids of all items, (n,) int64 ascending, without loading their vectors."""
        with self._database.reading() as connection:
            return np.array(Catalog(connection).items.live_ids(), np.int64)

    def last_batch(self) -> Batch:
        """Return the record of the newest batch."""
        with self._database.reading() as connection:
            return Catalog(connection).history.last_batch()

    def batch(self, number: int) -> Batch:
        """Return the record of one batch; raise StoreCorrupt when there is none."""
        with self._database.reading() as connection:
            return Catalog(connection).history.batch(number)

    def batches_after(self, number: int) -> Iterator[list[CopiedBatch]]:
        """Walk the batches after a given one in order, several at a time, to write them into another store."""
        return batches_after(self._database, number)

    def next_job(self) -> int:
        """Return a number that no job of the ledger has had, and on a server none will have."""
        begin = self._database.writing if self._files is None else self._database.reading
        with begin() as connection:
            return Catalog(connection).jobs.next_number()

    def jobs(self) -> list[Job]:
        """Return the jobs that filled the store, the newest last."""
        with self._database.reading() as connection:
            return Catalog(connection).jobs.all()

    def rejects(self, job: int | None = None) -> list[Rejected]:
        """Return the inputs that could not be stored, of all jobs or one."""
        with self._database.reading() as connection:
            return Catalog(connection).jobs.rejects(job)

    def refresh(self) -> None:
        """See the batches that were acknowledged since the vectors were loaded."""
        self._memory.forget()
        if self._engine is not None:
            self._engine.refresh()

    def nearest(
        self,
        vectors: ArrayLike,
        k: int,
        exclude: Sequence[Sequence[int]] | None = None,
        where: Where | None = None,
    ) -> list[list[Hit]]:
        """Return the k nearest items of each query, (n, dim) or one (dim,), by Euclidean distance, then id.

        `exclude` lists ids to leave out, one list a query; `where` chooses the items that are compared, as in
        `{"label": ["3", "8"], "width": {">=": 640}}`. Every hit's row is checked against its checksum and against
        the vector that was compared; StoreCorrupt is raised rather than a wrong label returned. The items are those
        of the moment when the vectors were loaded; should an answer hold one that was deleted since, they are loaded
        again first. Raise InvalidVectors, UnknownField, or InvalidQuery for another filter or k below 1.
        """
        wanted = checked_k(k)

        def find(searched: Searchable, queries: Queries, left_out: ExcludedIds) -> list[list[Hit]]:
            return searched.nearest(queries, wanted, left_out)

        return self._answered(vectors, exclude, where, find)

    def within(
        self,
        vectors: ArrayLike,
        radius: float | np.floating,
        exclude: Sequence[Sequence[int]] | None = None,
        where: Where | None = None,
    ) -> list[list[Hit]]:
        """Return the items at most `radius` from each query, the border included, as `nearest` does."""
        border = checked_radius(radius)

        def find(searched: Searchable, queries: Queries, left_out: ExcludedIds) -> list[list[Hit]]:
            return searched.within(queries, border, left_out)

        return self._answered(vectors, exclude, where, find)

    def neighbours_of_all(self, k: int) -> Neighbours:
        """Return each item's k nearest others, of the newest batch, every row checked; raise InvalidQuery."""
        wanted = checked_k(k)
        return neighbours_of_all(self._memory.proven(), wanted)

    def _answered(
        self, vectors: ArrayLike, exclude: Sequence[Sequence[int]] | None, where: Where | None, find: Find
    ) -> list[list[Hit]]:
        queries = checked_vectors(vectors, self.dim)
        if exclude is not None and len(exclude) != len(queries):
            raise InvalidQuery(
                f"expected a list of excluded ids for each of {len(queries)} queries, got {len(exclude)}"
            )
        left_out = None if exclude is None else [[checked_id(id) for id in ids] for ids in exclude]
        while True:
            try:
                return find(self._searched(where), queries, left_out)
            except SnapshotOutdated:
                self.refresh()

    def _searched(self, where: Where | None) -> Searchable:
        """Return what is searched: on a server where the store has a vector engine, else in memory."""
        if self._engine is not None:
            # Imported here: most stores have no vector server.
            from storage.milvus.serving import served

            return served(self._database, self._engine, self.dim, where)
        snapshot = self._memory.whole() if where is None else self._memory.chosen(where)
        return MemorySearch(snapshot, self._database, self._memory.turns)

    def verify(self) -> list[str]:
        """Prove the store whole: return what is wrong with it, a line each; empty when nothing is."""
        problems = self._database.integrity()
        with self._database.reading() as connection:
            problems += verification.problems(Catalog(connection), self._files, self.dim)
        return problems + (self._engine.problems() if self._engine is not None else [])
