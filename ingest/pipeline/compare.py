"""Compare a source's inputs with the store: what is new, changed, moved, relabelled or unchanged."""

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ingest.embedding.linalg.arrays import Float32Array
from ingest.errors import UnreadableImage
from ingest.images.images import Image, checked_image, content_digest
from ingest.pipeline.own_items import OwnItems, ReadableItems
from ingest.sources import SourceImage
from ingest.sources.job_source import JobSource
from ingest.sources.source_name import is_there
from storage import NewItem, Rejected
from storage.catalog.content_index import ContentIndex
from storage.catalog.encoded_items import require_storable
from storage.console import printable
from storage.errors import InvalidItem
from storage.types.items import ReusableItem, Scalar, SourcedItem, is_storable_text

#: The metadata that a job derives from the picture itself.
DERIVED_METADATA = frozenset(("width", "height"))

#: Differs from every value of metadata.
_ABSENT = object()


class Change(StrEnum):
    """What a job does with an input that it stores."""

    ADDED = "added"
    REPLACED = "replaced"
    MOVED = "moved"
    RELABELLED = "relabelled"


@dataclass(frozen=True, slots=True)
class NewContent:
    """An input whose content is not in the store, to be decoded and embedded.

    `other_source` is the source of the item that it replaces, if that is not the job's.
    """

    input: SourceImage
    content: bytes | Image
    digest: bytes
    change: Change
    source: str | None
    other_source: str | None = None


@dataclass(frozen=True, slots=True)
class KnownContent:
    """An input whose content is in the store: its item, the vector (dim,), and the id of the item that moved here."""

    item: NewItem
    vector: Float32Array
    change: Change
    moved_from: SourcedItem | None = None
    other_source: str | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """An input that is stored as it is; `adopted` is the id of its item if the job's source takes it over."""

    key: str
    adopted: int | None = None


#: What the comparison says of an input.
Compared = NewContent | KnownContent | Unchanged | Rejected


@dataclass
class _SameContent:
    """The stored items of one content: those whose files are gone, which may have moved, and one of them all."""

    gone: deque[SourcedItem] = field(default_factory=deque)
    any: int | None = None


class Comparer:
    """Compares inputs with the items of a store; use it in one thread.

    An item belongs to the source that it came from. An item without a source, from before stores recorded it, belongs
    to whichever source of the same kind has it; an item of a source that is no longer there to whichever has it. All
    others' items are left alone while their content is the same.
    """

    def __init__(self, store: ReadableItems, source: JobSource, lock: threading.Lock) -> None:
        self._store = store
        self._source = source
        self._lock = lock
        self.own_items = OwnItems(store, source.images, source.name, lock) if source.name and source.whole else None
        with lock:
            self._corrections = store.corrections()
        self._contents: ContentIndex | None = None
        self._same_content: dict[bytes, _SameContent] = {}
        self._sources_there: dict[str, bool] = {}

    def compare(self, inputs: Sequence[SourceImage]) -> Iterator[Compared]:
        """Yield what becomes of each input, in order; each is read when its turn comes."""
        keys = [input.key for input in inputs if is_storable_text(input.key)]
        with self._lock:
            stored = self._store.sourced_items(keys)
        if self.own_items is not None:
            self.own_items.walked += len(inputs)
            self.own_items.see(item.item.id for item in stored.values())
        return (self._compare(input, stored.get(input.key)) for input in inputs)

    def _compare(self, input: SourceImage, stored: SourcedItem | None) -> Compared:
        try:
            if not is_storable_text(input.key):
                raise UnreadableImage(f"expected a name in UTF-8, got {input.key!r}: rename the file")
            require_storable(input.key, input.label, input.metadata)
            content = input.read()
            if not isinstance(content, bytes):
                content = checked_image(content)
            digest = content_digest(content)
            # What a person has corrected stays, as long as the source says what it said then.
            input = replace(input, label=self._corrections.label_of(input.key, digest, input.label))
        except (InvalidItem, UnreadableImage) as error:
            return rejected(input, error)
        if stored is not None and stored.item.content == digest:
            return self._same(input, digest, stored)
        change = Change.ADDED if stored is None else Change.REPLACED
        other_source = None if stored is None or stored.source == self._source.name else stored.source
        known = self._known(input, digest, change, other_source)
        return known or NewContent(input, content, digest, change, self._source.name, other_source)

    def _same(self, input: SourceImage, digest: bytes, stored: SourcedItem) -> Compared:
        """Return what becomes of an input whose content is stored under its key."""
        if not self._belongs(input, stored):
            return Unchanged(input.key)
        taken_over = stored.source not in (None, self._source.name)
        if taken_over:
            # Its own source may come back: its label and metadata stay until a later job of this one.
            return Unchanged(input.key, stored.item.id)
        if stored.item.label != input.label or not _same_metadata(stored.item.metadata, input.metadata):
            for reusable in self._reusable(stored.item.id):
                return self._reused(input, digest, reusable, Change.RELABELLED)
        return Unchanged(input.key, stored.item.id if stored.source != self._source.name else None)

    def _belongs(self, input: SourceImage, stored: SourcedItem) -> bool:
        """Return whether an item is the job's source's, or is taken over by it."""
        name = self._source.name
        if stored.source is None:
            return stored.item.metadata.get("source") == input.metadata.get("source")
        if stored.source == name:
            return True
        if stored.source not in self._sources_there:
            self._sources_there[stored.source] = is_there(stored.source)
        return name is not None and not self._sources_there[stored.source]

    def _known(
        self, input: SourceImage, digest: bytes, change: Change, other_source: str | None
    ) -> KnownContent | None:
        """Return an input whose content is stored under another key: moved, or one more of the same; None if new."""
        same = self._items_of(digest)
        if same.gone:
            moved_from = same.gone.popleft()
            for reusable in self._reusable(moved_from.item.id):
                if self.own_items is not None:
                    self.own_items.see([moved_from.item.id])
                return self._reused(input, digest, reusable, Change.MOVED, moved_from, other_source)
        for reusable in self._reusable(same.any):
            return self._reused(input, digest, reusable, change, other_source=other_source)
        return None

    def _items_of(self, digest: bytes) -> _SameContent:
        """Return the items that had this content when the job came by its first new content."""
        if digest in self._same_content:
            return self._same_content[digest]
        with self._lock:
            if self._contents is None:
                self._contents = self._store.content_index()
            candidates = self._contents.candidates(digest)
            if not candidates:
                return _SameContent()
            live = [item for item in self._store.sourced_items_by_id(candidates) if item.item.content == digest]
            # Replaced by the job itself when two files were swapped.
            deleted = [] if live else self._store.reusable_items(candidates)
        ids = [item.item.id for item in (live or deleted) if item.item.content == digest]
        same = _SameContent(deque(filter(self._is_gone, live)), ids[0] if ids else None)
        self._same_content[digest] = same
        return same

    def _is_gone(self, item: SourcedItem) -> bool:
        own = self.own_items
        return own is not None and item.source == self._source.name and not own.has_key(item.item.key)

    def _reusable(self, id: int | None) -> list[ReusableItem]:
        """Return the item of an id if its vector and thumbnail are there."""
        if id is None:
            return []
        with self._lock:
            return [item for item in self._store.reusable_items([id]) if item.thumbnail is not None]

    def _reused(
        self,
        input: SourceImage,
        digest: bytes,
        reusable: ReusableItem,
        change: Change,
        moved_from: SourcedItem | None = None,
        other_source: str | None = None,
    ) -> KnownContent:
        stored = reusable.item.metadata
        derived = {name: stored[name] for name in DERIVED_METADATA if name in stored}
        metadata = {**input.metadata, **derived}
        item = NewItem(input.key, digest, input.label, metadata, reusable.thumbnail, self._source.name)
        return KnownContent(item, reusable.vector, change, moved_from, other_source)


def rejected(input: SourceImage, error: Exception) -> Rejected:
    """Return the reject of an input that raised an error."""
    return Rejected(printable(input.key), str(error))


def _same_metadata(stored: Mapping[str, Scalar], given: Mapping[str, Scalar]) -> bool:
    """Return whether metadata is the same, without what is derived from the picture; True is not 1."""
    names = given.keys() - DERIVED_METADATA
    if len(names) != sum(1 for name in stored if name not in DERIVED_METADATA):
        return False
    for name in names:
        value, other = given[name], stored.get(name, _ABSENT)
        if value != other or (value is True or value is False) != (other is True or other is False):
            return False
    return True
