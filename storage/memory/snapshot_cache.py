"""Cache the snapshot of a store, and the sub-snapshots of recent filters."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.pages import BatchState, read_state
from storage.memory import snapshot
from storage.memory.filter_fields import StoredFields, require_fields
from storage.memory.hits import require_intact_rows
from storage.memory.snapshot import Snapshot
from storage.nearest.polling_lock import PollingLock
from storage.types.embedding import Embedding
from storage.types.where import Condition, canonical_text

#: Bytes of vectors of sub-snapshots that are cached, or as many as the snapshot has; the least recently used go first.
_SMALLEST_CACHE = 2**26


class SnapshotCache:
    """The snapshot of one store, thread-safe; `search_lock` serializes searches too short to run in parallel.

    Every method that loads a snapshot raises StoreRenewed when the store has vectors of another embedding by now.
    """

    def __init__(self, database: Database, folder: Path | None, embedding: Embedding) -> None:
        self._database = database
        self._folder = folder
        self._embedding = embedding
        self._lock = threading.RLock()
        self.search_lock = PollingLock()
        self._snapshot: Snapshot | None = None
        self._rows_checked = False
        self._filtered: OrderedDict[str, Snapshot] = OrderedDict()

    def clear(self) -> None:
        """Drop the snapshots; the next search loads the newest."""
        self.replace(None)

    def replace(self, loaded: Snapshot | None) -> None:
        """Use another snapshot from now on, and drop the sub-snapshots."""
        with self._lock:
            self._snapshot, self._rows_checked = loaded, False
            self._filtered.clear()

    def current(self) -> Snapshot:
        """Return the cached snapshot, whichever batch it is of; load the newest when there is none."""
        if (cached := self._snapshot) is not None:
            return cached
        with self._lock:
            loaded = self._snapshot
            if loaded is None:
                loaded = read_state(self._reading, self._load)
                self.replace(loaded)
            return loaded

    def newest(self) -> Snapshot:
        """Return a snapshot of the newest batch, every row of which was checked; raise StoreCorrupt."""
        with self._lock:
            return read_state(self._reading, self._newest)

    def filtered(self, conditions: Sequence[Condition]) -> Snapshot:
        """Return the sub-snapshot of the items that fulfil all conditions.

        The first use of a filter selects from the newest batch and checks every row: a damaged row could otherwise be
        skipped silently. Raise UnknownField, IncomparableField or StoreCorrupt.
        """
        if not conditions:
            return self.current()
        text = canonical_text(conditions)
        with self._lock:
            if (cached := self._filtered.get(text)) is not None:
                self._filtered.move_to_end(text)
                return cached
            selected = read_state(self._reading, lambda state: self._select(state, conditions))
            self._add_filtered(text, selected)
            return selected

    def _select(self, state: BatchState, conditions: Sequence[Condition]) -> Snapshot:
        newest = self._newest(state)
        require_fields(StoredFields(state), state.batch.live, conditions)
        pages = state.scan(lambda catalog, page: catalog.items.ids_matching(page, conditions))
        return newest.of([id for ids in pages for id in ids])

    def _newest(self, state: BatchState) -> Snapshot:
        loaded = self._snapshot
        if loaded is None or state.batch != loaded.batch:
            loaded = self._load(state)
            self.replace(loaded)
        if not self._rows_checked:
            require_intact_rows(loaded, state)
            self._rows_checked = True
        return loaded

    def _load(self, state: BatchState) -> Snapshot:
        with state.reading() as catalog:
            catalog.require_embedding_of_rows()
        return snapshot.load(state, self._folder, self._embedding.dim)

    @contextmanager
    def _reading(self) -> Iterator[Catalog]:
        """Return the catalog inside a read transaction in which its vectors are those of the embedding."""
        with self._database.reading() as catalog:
            catalog.require_embedding(self._embedding.fingerprint)
            yield catalog

    def _add_filtered(self, text: str, selected: Snapshot) -> None:
        most = max(_SMALLEST_CACHE, self._snapshot.index.vectors().nbytes if self._snapshot else 0)
        self._filtered[text] = selected
        while len(self._filtered) > 1 and _nbytes(self._filtered.values()) > most:
            self._filtered.popitem(last=False)


def _nbytes(snapshots: Iterable[Snapshot]) -> int:
    return sum(snapshot.index.vectors().nbytes for snapshot in snapshots)
