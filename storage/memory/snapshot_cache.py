"""Cache the snapshot of a store, and the sub-snapshots of recent filters."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.pages import BatchState, Result, read_state
from storage.memory import snapshot
from storage.memory.deletions import DeletionCheck
from storage.memory.filter_fields import require_fields
from storage.memory.memory_search import MemorySearch
from storage.memory.snapshot import Snapshot
from storage.nearest.polling_lock import PollingLock
from storage.types.embedding import Embedding
from storage.types.where import Condition, canonical_text

if TYPE_CHECKING:
    from storage.columns.column_filter import ColumnFilter

#: Bytes of vectors of sub-snapshots that are cached, or as many as the snapshot has; the least recently used go first.
_SMALLEST_CACHE = 2**26


class SnapshotCache:
    """The snapshot of one store, thread-safe.

    Every method that loads a snapshot raises StoreRenewed when the store has vectors of another embedding by now, and
    StoreCorrupt when what was written since the last generation is damaged.
    """

    def __init__(self, database: Database, folder: Path | None, embedding: Embedding) -> None:
        self._database = database
        self._folder = folder
        self._embedding = embedding
        self._lock = threading.RLock()
        # Searches too short to run in parallel hold it.
        self._search_lock = PollingLock()
        self._search: MemorySearch | None = None
        self._filter: ColumnFilter | None = None
        self._filtered: OrderedDict[str, MemorySearch] = OrderedDict()

    def clear(self) -> None:
        """Drop the snapshots; the next search loads the newest."""
        self.replace(None)

    def replace(self, loaded: Snapshot | None, version: object = None) -> None:
        """Use another snapshot from now on, and drop the sub-snapshots.

        `version` is the database's from before the snapshot was read, if it is known.
        """
        self._replace(None if loaded is None else self._search_of(loaded, version))

    def _search_of(self, loaded: Snapshot, version: object) -> MemorySearch:
        return MemorySearch(loaded, DeletionCheck(self._database, loaded.batch, version), self._search_lock)

    def _replace(self, search: MemorySearch | None) -> None:
        with self._lock:
            self._search, self._filter = search, None
            self._filtered.clear()

    @property
    def loaded(self) -> MemorySearch | None:
        """Return what searches the cached snapshot, None when there is none."""
        return self._search

    def current(self) -> Snapshot:
        """Return the cached snapshot, whichever batch it is of; load the newest when there is none."""
        return self._current().snapshot

    def newest(self) -> Snapshot:
        """Return a snapshot of the newest batch."""
        return self._read(lambda state, version: self._newest(state, version).snapshot)

    def of(self, state: BatchState) -> Snapshot:
        """Return the snapshot of a state."""
        with self._lock:
            return self._newest(state, None).snapshot

    def newest_filter(self) -> "ColumnFilter":
        """Return what selects items of the newest batch."""
        return self._read(lambda state, version: self._filter_of(self._newest(state, version)))

    def loaded_filter(self) -> "tuple[MemorySearch, ColumnFilter]":
        """Return what searches the cached snapshot, whichever batch it is of, and what selects items of it."""
        with self._lock:
            search = self._current()
            return search, self._filter_of(search)

    def searchable(self, conditions: Sequence[Condition]) -> MemorySearch:
        """Return what searches the items that fulfil all conditions.

        The first use of a filter selects from the newest batch. Raise UnknownField or IncomparableField.
        """
        if not conditions:
            return self._current()
        text = canonical_text(conditions)
        with self._lock:
            if (cached := self._filtered.get(text)) is not None:
                self._filtered.move_to_end(text)
                return cached
            selected = self._read(lambda state, version: self._select(state, version, conditions))
            self._add_filtered(text, selected)
            return selected

    def _current(self) -> MemorySearch:
        if (search := self._search) is not None:
            return search
        with self._lock:
            return self._search or self._read(self._newest)

    def _select(self, state: BatchState, version: object, conditions: Sequence[Condition]) -> MemorySearch:
        search = self._newest(state, version)
        column_filter = self._filter_of(search)
        require_fields(column_filter, len(search.snapshot.columns), conditions)
        return search.of(column_filter.matching(conditions))

    def _filter_of(self, search: MemorySearch) -> "ColumnFilter":
        # Imported here: most searches have no filter.
        from storage.columns.column_filter import ColumnFilter

        if self._filter is None:
            self._filter = ColumnFilter(search.snapshot.columns)
        return self._filter

    def _read(self, read: Callable[[BatchState, object], Result]) -> Result:
        """Return what a function reads of the newest state, given the database's version from before."""
        with self._lock:
            version = self._database.version()
            return read_state(self._reading, lambda state: read(state, version))

    def _newest(self, state: BatchState, version: object) -> MemorySearch:
        search = self._search
        if search is None or state.batch != search.snapshot.batch:
            with state.reading() as catalog:
                catalog.require_embedding_of_rows()
            search = self._search_of(snapshot.load(state, self._folder, self._embedding.dim), version)
            self._replace(search)
        return search

    @contextmanager
    def _reading(self) -> Iterator[Catalog]:
        """Return the catalog inside a read transaction in which its vectors are those of the embedding."""
        with self._database.reading() as catalog:
            catalog.require_embedding(self._embedding.fingerprint)
            yield catalog

    def _add_filtered(self, text: str, selected: MemorySearch) -> None:
        most = max(_SMALLEST_CACHE, self._search.snapshot.index.vectors().nbytes if self._search else 0)
        self._filtered[text] = selected
        while len(self._filtered) > 1 and sum(map(_nbytes, self._filtered.values())) > most:
            self._filtered.popitem(last=False)


def _nbytes(search: MemorySearch) -> int:
    return search.snapshot.selection.nbytes if search.snapshot.selection is not None else 0
