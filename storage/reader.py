"""Read a store, in any process, while another may be writing to it.

Every row is checked against its checksum before anything of it is returned. Another process may renew the store: what
is read is of entirely old or entirely new vectors (`view.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from storage.catalog.batch import Batch
from storage.catalog.batch_copies import CopiedBatch, batches_after
from storage.catalog.catalog import Catalog
from storage.catalog.content_index import ContentIndex
from storage.catalog.database import Database
from storage.catalog.page import Page
from storage.catalog.pages import (
    BatchState,
    Reading,
    Result,
    RowPage,
    newest_state,
    read_state,
    require_complete_key_index,
)
from storage.catalog.row import Row, vectors_of
from storage.errors import StoreChanged, StoreCorrupt, UnknownItem
from storage.files.corrections import Corrections, read_corrections
from storage.files.generations import is_index_file
from storage.files.source_files import is_source_file
from storage.locations.location import Location
from storage.maintenance import verification
from storage.maintenance.info import StoreInfo, describe, source_counts
from storage.open_store import OpenStore
from storage.types.embedding import Embedding
from storage.types.items import Item, ReusableItem, SourcedItem, checked_id
from storage.types.jobs import Job, Rejected
from storage.types.query import Id
from storage.types.where import Condition
from storage.view import View

if TYPE_CHECKING:
    from storage.milvus.engine import Engine


#: Rows looked up by id in one transaction.
_LOOKUPS = 4096


class StoreReader(OpenStore):
    """The part of an open store that reads its items, jobs and batches."""

    def __init__(
        self, location: Location, database: Database, open_engine: "Callable[[Embedding], Engine] | None"
    ) -> None:
        super().__init__(location, database, open_engine)
        self._key_index_checked = False
        self._thumbnails_checked = False

    def __len__(self) -> int:
        """Return the number of items that are not deleted."""
        state = self._state()
        counted = sum(state.scan(lambda catalog, page: catalog.items.count(page)))
        state.batch.require_live(counted)
        return counted

    def items(self, ids: Sequence[int] | None = None) -> list[Item]:
        """Return the items with these ids, in the given order, or all in id order; raise UnknownItem."""
        if ids is not None:
            return [row.item() for row in self._rows_by_id(ids, self.reading)]
        return self._read(lambda state: [row.item() for rows in state.checked_rows() for row in rows])

    def pages(self, size: int) -> Iterator[tuple[list[Item], NDArray[np.float32]]]:
        """Yield all items of the newest batch in id order with their vectors, (n, dim) float32, at most `size` a page.

        Each page is a transaction of its own, so that a writer never waits; what is written meanwhile changes nothing.
        Raise StoreRenewed when the store is renewed meanwhile, StoreChanged when it is compacted or repaired (see
        `read_whole`); StoreCorrupt, at the latest after the last page, when an item is damaged or lost.
        """
        return (([item.item for item in items], vectors) for items, vectors in self.sourced_pages(size))

    def sourced_pages(self, size: int) -> Iterator[tuple[list[SourcedItem], NDArray[np.float32]]]:
        """Yield what `pages` does, each item with the source that it has when its page is read."""
        view = self._current.view
        state = newest_state(view.reading)
        count = 0
        for page, sources in state.pages(_rows_and_sources, rows=size):
            if rows := page.live():
                items = [SourcedItem(row.item(), sources.get(row.id)) for row in rows]
                yield items, vectors_of(rows, view.embedding.dim)
            count += len(rows)
        state.batch.require_live(count)

    def read_whole(self, read: Callable[[], Result]) -> Result:
        """Return what a function reads of all items; call it again when they were renewed or compacted meanwhile."""
        while True:
            try:
                return self._current.up_to_date(lambda _: read())
            except StoreChanged:
                continue

    def _state(self) -> BatchState:
        return newest_state(self._database.reading)

    def _read(self, read: Callable[[BatchState], Result]) -> Result:
        return read_state(self._database.reading, read)

    def by_key(self, key: str) -> Item:
        """Return the item with this key; raise UnknownItem."""
        (row,) = self._rows_by_key([key], self.reading)
        return row.item()

    def vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the vectors of these items, (n, dim) float32, in the given order; raise UnknownItem."""
        return self._current.up_to_date(
            lambda view: vectors_of(self._rows_by_id(ids, view.reading), view.embedding.dim)
        )

    def _rows_by_id(self, ids: Sequence[Id], reading: Reading) -> list[Row]:
        """Return the rows of these ids, those of many in several transactions, checked; raise UnknownItem."""
        checked = [checked_id(id) for id in ids]
        rows: list[Row | None] = []
        for start in range(0, len(checked), _LOOKUPS):
            page = checked[start : start + _LOOKUPS]
            with reading() as catalog:
                found = catalog.items.by_id(page)
                catalog.require_tombstones(id for row, id in zip(found, page, strict=True) if row is None)
            rows += found
        return [self._required(row, f"id {id}").verified() for row, id in zip(rows, ids, strict=True)]

    def _rows_by_key(self, keys: Sequence[str], reading: Reading) -> list[Row]:
        """Return the rows of these keys, checked; raise UnknownItem."""
        with reading() as catalog:
            rows = catalog.items.by_key(keys)
        return [self._required(row, f"key {key!r}") for row, key in zip(self._known(rows), keys, strict=True)]

    def reading(self) -> AbstractContextManager[Catalog]:
        """Return the catalog inside a read transaction, for another store to take rows from."""
        return self._database.reading()

    def _known(self, rows: Sequence[Row | None], state: BatchState | None = None) -> list[Row | None]:
        """Return rows that were looked up by key, checked; None where there is none.

        Call it when the transaction of the lookup has ended, or with its own `state`.
        """
        if not self._key_index_checked and None in rows:
            # Only once: it takes as long as reading every row.
            require_complete_key_index(state or self._state())
            self._key_index_checked = True
        return [row and row.verified() for row in rows]

    def _required(self, row: Row | None, name: str) -> Row:
        if row is None:
            raise UnknownItem(
                f"expected an item of {self.location}, got {name}, which it does not hold: "
                "see `lookalike store info` for what it holds"
            )
        return row

    def content_digests(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the content digest of each of these keys that is stored, to distinguish new, changed and known."""
        with self._database.reading() as catalog:
            rows = catalog.items.by_key(keys)
        return {key: row.content for key, row in zip(keys, self._known(rows), strict=True) if row is not None}

    def thumbnails(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the PNG thumbnails of these items by id, without the items that have none."""
        checked = [checked_id(id) for id in ids]
        with self._database.reading() as catalog:
            thumbnails = catalog.thumbnails.by_item(checked)
            if not self._thumbnails_checked and len(thumbnails) < len(set(checked)):
                # Only once: it takes as long as reading every thumbnail.
                catalog.thumbnails.require_searchable()
                self._thumbnails_checked = True
        return thumbnails

    def sourced_items(self, keys: Sequence[str]) -> dict[str, SourcedItem]:
        """Return the item of each of these keys that is stored, with its source."""
        with self._database.reading() as catalog:
            rows = catalog.items.by_key(keys)
            sources = catalog.sources.by_item([row.id for row in rows if row is not None])
        return {item.item.key: item for item in _sourced(self._known(rows), sources)}

    def sourced_items_by_id(self, ids: Sequence[int]) -> list[SourcedItem]:
        """Return the items with these ids and their sources, in id order, without those that were deleted."""
        with self._database.reading() as catalog:
            rows = catalog.items.by_id(sorted(ids))
            sources = catalog.sources.by_item([row.id for row in rows if row is not None])
        return list(_sourced([row and row.verified() for row in rows], sources))

    def reusable_items(self, ids: Sequence[int]) -> list[ReusableItem]:
        """Return the items with these ids, in id order, also deleted ones, without those that are damaged or compacted.

        Equal contents have equal vectors, so that an item that has the same content can take its vector from there.
        Raise StoreRenewed when another process has renewed the store.
        """
        view = self._current.view
        with view.reading() as catalog:
            rows = catalog.items.intact_with_vector(ids)
            thumbnails = catalog.thumbnails.by_item([row.id for row in rows], deleted=True)
        vectors = vectors_of(rows, view.embedding.dim)
        return [
            ReusableItem(row.item(), vector, thumbnails.get(row.id)) for row, vector in zip(rows, vectors, strict=True)
        ]

    def content_index(self) -> ContentIndex:
        """Return an index of the items by their content."""
        pages = self._state().scan(lambda catalog, page: catalog.items.contents(page))
        return ContentIndex(entry for page in pages for entry in page)

    def corrections(self) -> Corrections:
        """Return the corrections of labels; a store on a server has none. Raise StoreCorrupt."""
        self._require_open()
        return read_corrections(self.location.folder)

    def sources(self, ids: Sequence[int]) -> dict[int, str]:
        """Return the names of the sources of these items by id, without the items that have none."""
        with self._database.reading() as catalog:
            return catalog.sources.by_item([checked_id(id) for id in ids])

    def source_counts(self) -> dict[str, int]:
        """Return how many items each source has, by its name and in that order."""
        return source_counts(self._state())

    def items_of_source(self, name: str) -> NDArray[np.int64]:
        """Return the ids of a source's items, (n,) int64 ascending."""
        pages = self._state().scan(lambda catalog, page: catalog.sources.items_of(name, page))
        return np.array([id for ids in pages for id in ids], np.int64)

    def info(self) -> StoreInfo:
        """Describe the store: counts, embedding, sizes, generations and versions."""
        folder, database = self.location.folder, self._database
        return self._current.up_to_date(
            lambda view: read_state(
                view.reading, lambda state: describe(state, folder, database, view.label_counts(state))
            )
        )

    def ids(self) -> NDArray[np.int64]:
        """Return the ids of all items, (n,) int64 ascending, without loading their vectors."""
        return np.array([id for ids in _ids_matching(self._state(), ()) for id in ids], np.int64)

    def last_batch(self) -> Batch:
        """Return the record of the newest batch."""
        with self._database.reading() as catalog:
            return catalog.history.last_batch()

    def batch(self, number: int) -> Batch:
        """Return the record of one batch; raise StoreCorrupt when there is none."""
        with self._database.reading() as catalog:
            return catalog.history.batch(number)

    def batches_after(self, number: int) -> Iterator[list[CopiedBatch]]:
        """Yield the batches after a given one in order, several at a time, to write them into another store.

        Raise StoreRenewed when the store is renewed meanwhile, StoreChanged when it is compacted or repaired.
        """
        return batches_after(newest_state(self._current.view.reading), number)

    def next_job(self) -> int:
        """Return a job number that is not used yet, and on a server is reserved for the caller."""
        begin = self._database.writing if self.location.folder is None else self._database.reading
        with begin() as catalog:
            return catalog.jobs.next_number()

    def jobs(self) -> list[Job]:
        """Return the jobs that filled the store, the newest last."""
        with self._database.reading() as catalog:
            return catalog.jobs.all()

    def rejects(self, job: int | None = None) -> list[Rejected]:
        """Return the inputs that could not be stored, of all jobs or one."""
        with self._database.reading() as catalog:
            return catalog.jobs.rejects(job)

    def newest_job_with_rejects(self) -> int | None:
        """Return the number of the newest job with inputs that could not be stored, None if there is none."""
        with self._database.reading() as catalog:
            return catalog.jobs.newest_with_rejects()

    def is_own_file(self, path: Path) -> bool:
        """Return whether a file is the store's own or one that its jobs read: no command may replace it."""
        if self.location.folder is not None and is_index_file(path, self.location.folder):
            return True
        with self._database.reading() as catalog:
            sources = [job.source for job in catalog.jobs.all()]
        return is_source_file(path, sources, self._paths)

    def _paths(self) -> list[str]:
        """Return the paths of items and of rejected inputs, relative to the folders of their sources."""
        pages = self._state().scan(lambda catalog, page: catalog.items.paths(page))
        paths = [path for page in pages for path in page]
        with self._database.reading() as catalog:
            return [*paths, *(reject.key for reject in catalog.jobs.rejects())]

    def verify(self) -> list[str]:
        """Verify the whole store: return one line for each problem, none when it is intact."""
        return self._current.up_to_date(self._problems)

    def _problems(self, view: View) -> list[str]:
        folder, dim = self.location.folder, view.embedding.dim
        problems = self._database.integrity()
        try:
            problems += read_state(view.reading, lambda state: list(verification.problems(state, folder, dim)))
        except StoreCorrupt as error:
            problems.append(str(error))
        return problems + (view.engine.problems() if view.engine is not None else [])


def _rows_and_sources(catalog: Catalog, page: Page) -> tuple[RowPage, dict[int, str]]:
    """Return the rows of a page that were live after the fixed batch, and the names of their sources by id."""
    rows = catalog.items.live_in_page(page, ())
    return RowPage(page, rows), catalog.sources.by_item([row.id for row, _ in rows])


def _ids_matching(state: BatchState, conditions: Sequence[Condition]) -> Iterator[list[int]]:
    """Yield the ids of the items that fulfil all conditions, ascending, a page at a time."""
    return state.scan(lambda catalog, page: catalog.items.ids_matching(page, conditions))


def _sourced(rows: Iterable[Row | None], sources: Mapping[int, str]) -> Iterator[SourcedItem]:
    """Yield the items of checked rows with their sources, by id, in the rows' order."""
    return (SourcedItem(row.item(), sources.get(row.id)) for row in rows if row is not None)
