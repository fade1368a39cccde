"""Which of a source's stored items the source still has."""

import threading
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.sources import Source
from ingest.sources.source import may_hold
from storage.catalog.content_index import ContentIndex
from storage.files.corrections import Corrections
from storage.types.items import ReusableItem, SourcedItem


class ReadableItems(Protocol):
    """What a comparison reads of a store: see `StoreReader`."""

    def sourced_items(self, keys: Sequence[str]) -> dict[str, SourcedItem]:
        """Return the item of each of these keys that is stored, with its source."""
        ...

    def sourced_items_by_id(self, ids: Sequence[int]) -> list[SourcedItem]:
        """Return the items with these ids and their sources, in id order, without those that were deleted."""
        ...

    def reusable_items(self, ids: Sequence[int]) -> list[ReusableItem]:
        """Return the items with these ids, in id order, also deleted ones, without those that cannot be reused."""
        ...

    def content_index(self) -> ContentIndex:
        """Return an index of the items by their content."""
        ...

    def items_of_source(self, name: str) -> NDArray[np.int64]:
        """Return the ids of a source's items, (n,) int64 ascending."""
        ...

    def corrections(self) -> Corrections:
        """Return the corrections of labels."""
        ...


class OwnItems:
    """The items that a store had of a source when its job began, and which of them the job has seen since.

    An item is gone when a walk over the whole source has not come by its key. A key counts as there whatever became of
    its input: unchanged, changed, rejected, or in a folder that cannot be listed.
    """

    def __init__(self, store: ReadableItems, source: Source, name: str, lock: threading.Lock) -> None:
        self._store = store
        self._source = source
        self._lock = lock
        self._keys: _Keys | None = None
        #: How many inputs the job has come by.
        self.walked = 0
        with lock:
            self._ids = store.items_of_source(name)
        self._seen = np.zeros(len(self._ids), np.bool_)

    def __len__(self) -> int:
        return len(self._ids)

    def see(self, ids: Iterable[int]) -> None:
        """Record that the source has the items with these ids, or that their files moved."""
        wanted = np.fromiter(ids, np.int64)
        positions = np.searchsorted(self._ids, wanted)
        inside = positions < len(self._ids)
        positions, wanted = positions[inside], wanted[inside]
        self._seen[positions[self._ids[positions] == wanted]] = True

    def has_key(self, key: str) -> bool:
        """Return whether the source lists a key, or may hold it unlisted; all keys are read at the first call."""
        if self._keys is None:
            self._keys = _Keys(image.key for image in self._source)
        return key in self._keys or may_hold(self._source, key)

    def gone(self) -> Sequence[SourcedItem]:
        """Return the items that are gone; call it after a walk over the whole source."""
        unseen = self._ids[~self._seen].tolist()
        if not unseen:
            return []
        with self._lock:
            items = self._store.sourced_items_by_id(unseen)
        return [item for item in items if not may_hold(self._source, item.item.key)]


class _Keys:
    """A set of keys in eight bytes a key; a key that is in it is found, another one almost never."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._hashes = np.unique(np.fromiter(map(hash, keys), np.int64))

    def __contains__(self, key: str) -> bool:
        position = np.searchsorted(self._hashes, hash(key))
        return bool(position < len(self._hashes) and self._hashes[position] == hash(key))
