"""What a process has loaded of a store's vectors: a view belongs to one embedding, and is replaced after a renewal.

Another process may renew the store: replace its embedding and all vectors at once. An answer is from entirely old or
entirely new vectors, and never compares one with the other: what a view reads of vectors after it was loaded comes from
a transaction in which the store still has the view's embedding.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.pages import BatchState, newest_state, read_state
from storage.catalog.row import Row, vectors_of
from storage.errors import ServerUnusable, StoreRenewed, store_closed
from storage.maintenance.info import label_counts
from storage.memory.batch_hits import BatchHits
from storage.memory.deletions import SnapshotOutdated
from storage.memory.filter_fields import Fields, StoredFields, require_fields
from storage.memory.searchable import ExcludedIds, Queries, Searchable
from storage.memory.snapshot_cache import SnapshotCache
from storage.types.embedding import Embedding
from storage.types.items import Item
from storage.types.label_counts import LabelCounts
from storage.types.query import PageRequest, Query
from storage.types.vectors import checked_vectors
from storage.types.where import Condition

if TYPE_CHECKING:
    from storage.memory.item_page import ItemPage
    from storage.milvus.engine import Engine

Answer = TypeVar("Answer")

#: The most neighbours, and the most bytes of vectors, of a search that is answered at once: 60,000 vectors of 128
#: dimensions take half a millisecond, and a few where they cannot be quantized.
_MOST_AT_ONCE, _BYTES_AT_ONCE = 100, 2**25


class View:
    """A store's embedding, and what was loaded of the vectors that it made; they are searched in memory or by `engine`.

    Every method that reads raises StoreRenewed when the store has vectors of another embedding by now.
    """

    def __init__(
        self, database: Database, folder: Path | None, open_engine: "Callable[[Embedding], Engine] | None"
    ) -> None:
        self._database = database
        with database.reading() as catalog:
            self.embedding = catalog.embedding()
        self.snapshots = SnapshotCache(database, folder, self.embedding)
        self.engine = open_engine(self.embedding) if open_engine is not None else None

    def close(self) -> None:
        """Close the connection to a vector server; harmless when called again."""
        if self.engine is not None:
            self.engine.close()

    def refresh(self) -> None:
        """Search the newest batch from now on."""
        self.snapshots.clear()
        if self.engine is not None:
            self.engine.refresh()

    def sync(self) -> None:
        """Search the newest batch from now on, which this process has written; a vector server follows."""
        self.snapshots.clear()
        if self.engine is not None:
            self.engine.sync()

    @contextmanager
    def reading(self) -> Iterator[Catalog]:
        """Return the catalog inside a read transaction."""
        with self._database.reading() as catalog:
            catalog.require_embedding(self.embedding.fingerprint)
            yield catalog

    def search(self, queries: Queries, query: Query, excluded: ExcludedIds) -> BatchHits:
        """Return the hits of each query vector by Euclidean distance, then id."""
        while True:
            try:
                return self._searchable(query.conditions).search(queries, query, excluded)
            except SnapshotOutdated:
                self.refresh()
            except ServerUnusable:
                # A renewal replaces the collection on a vector server.
                with self.reading():
                    raise

    def search_rows(self, rows: Sequence[Row], query: Query) -> tuple[list[Item], BatchHits]:
        """Return the items of checked rows, and the nearest others of each.

        The rows were read in a transaction that has ended: a writer would wait for one that is open during a search.
        """
        queries = checked_vectors(vectors_of(rows, self.embedding.dim), self.embedding.dim)
        hits = self.search(queries, query, [[*query.excluded, row.id] for row in rows])
        return [row.item() for row in rows], hits

    def search_loaded(self, ids: Sequence[int], query: Query) -> tuple[list[Item], BatchHits] | None:
        """Return these items, and the nearest others of each, by vectors in memory; None if those do not suffice."""
        if self.engine is not None:
            return None
        try:
            return self.snapshots.searchable(query.conditions).search_items(ids, query)
        except SnapshotOutdated:
            # An item or a hit was deleted, or is not loaded.
            return None

    def search_at_once(self, ids: Sequence[int], query: Query) -> tuple[list[Item], BatchHits] | None:
        """Return what `search_loaded` does if that takes milliseconds and waits for nothing, otherwise None."""
        search = self.snapshots.loaded
        if self.engine is not None or search is None or query.conditions or query.radius is not None:
            return None
        if query.k > _MOST_AT_ONCE or search.snapshot.index.vectors().nbytes > _BYTES_AT_ONCE:
            return None
        try:
            return search.search_items_at_once(ids, query)
        except SnapshotOutdated:
            return None

    def count(self, conditions: Sequence[Condition]) -> int:
        """Return how many items fulfil all conditions; raise UnknownField or IncomparableField."""
        if self.engine is None:
            column_filter = self.snapshots.newest_filter()
            require_fields(column_filter, len(column_filter), conditions)
            return int(column_filter.matching(conditions).sum())
        state = newest_state(self.reading)
        require_fields(StoredFields(state), state.batch.live, conditions)
        pages = state.pages(lambda catalog, page: catalog.items.ids_matching(page, conditions))
        return sum(map(len, pages))

    def item_page(self, request: PageRequest) -> "ItemPage":
        """Return a page of the items that a filter selects; raise UnknownField or IncomparableField."""
        # Imported here: Arrow's comparisons take a moment to load, and most searches have no filter.
        from storage.memory.item_page import loaded_page, stored_page

        if self.engine is not None:
            return read_state(self.reading, lambda state: stored_page(state, request))
        while True:
            try:
                return loaded_page(*self.snapshots.loaded_filter(), request)
            except SnapshotOutdated:
                self.refresh()

    def fields(self) -> Fields:
        """Return the metadata that the items have."""
        return self.snapshots.newest_filter() if self.engine is None else StoredFields(newest_state(self.reading))

    def label_counts(self, state: BatchState) -> LabelCounts:
        """Count the items of each label in a state, in order of the labels and None last."""
        return label_counts(state) if self.engine is not None else self.snapshots.of(state).columns.label_counts()

    def _searchable(self, conditions: Sequence[Condition]) -> Searchable:
        """Return the items that fulfil all conditions, searched by the vector server if the store has one."""
        if self.engine is not None:
            # Imported here: most stores have no vector server.
            from storage.milvus.search import milvus_searchable

            return milvus_searchable(self._database, self.engine, self.embedding, conditions)
        return self.snapshots.searchable(conditions)


class CurrentView:
    """The view that a process answers from, thread-safe; `load` makes one of the store as it is at `location`."""

    def __init__(self, location: object, load: Callable[[], View]) -> None:
        self._location = location
        self._load = load
        # Re-entrant: a signal's handler may close the store while its thread loads a view.
        self._reload_lock = threading.RLock()
        self._view: View | None = load()

    @property
    def closed(self) -> bool:
        """Return whether `close` was called."""
        return self._view is None

    def close(self) -> None:
        """Drop the view and what was loaded of it; harmless when called again."""
        with self._reload_lock:
            view, self._view = self._view, None
        if view is not None:
            view.close()

    @property
    def view(self) -> View:
        """Return the last view that was loaded, though a renewal may not have been noticed; raise StoreClosed."""
        view = self._view
        if view is None:
            raise store_closed(self._location)
        return view

    def up_to_date(self, answer: Callable[[View], Answer]) -> Answer:
        """Return an answer of the view; when the store was renewed, of its new view."""
        view = self.view
        while True:
            try:
                return answer(view)
            except StoreRenewed:
                view = self._replace(view)

    def newest(self) -> View:
        """Return the view of the store's embedding as it is now."""

        def checked(view: View) -> View:
            with view.reading():
                return view

        return self.up_to_date(checked)

    def of_embedding(self, fingerprint: str) -> View:
        """Return the view if its embedding has this fingerprint, or the newest; raise StoreRenewed for another."""
        view = self.view
        if view.embedding.fingerprint != fingerprint:
            view = self.newest()
            with view.reading() as catalog:
                catalog.require_embedding(fingerprint)
        return view

    def _replace(self, outdated: View) -> View:
        """Return a view of the store as it is after a renewal; another thread may have replaced the outdated one."""
        with self._reload_lock:
            if self._view is outdated:
                outdated.close()
                self._view = self._load()
            return self.view
