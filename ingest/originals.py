"""Find the original images of a store's items, in the sources that they came from."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ingest.errors import OriginalsMissing, UnreadableImage
from ingest.images.images import content_digest
from ingest.sources import Source, SourceImage, open_source
from ingest.sources.source import may_hold
from ingest.sources.source_name import SourceName
from storage import LookalikeError, Store
from storage.console import printable

#: Items read at once.
_PAGE = 4096

#: How many keys of each kind a message names.
_NAMED_KEYS = 3


@dataclass(frozen=True, slots=True)
class _StoredItem:
    """What a store records of an item's original; `source` is the name of its source, None for older items."""

    content: bytes
    label: str | None
    source: str | None


@dataclass(frozen=True)
class LostOriginals:
    """The keys of items whose originals were not found, have other content, or cannot be read any more.

    `reasons` says why sources could not be opened.
    """

    missing: Sequence[str] = ()
    changed: Sequence[str] = ()
    unreadable: Sequence[str] = ()
    reasons: Sequence[str] = ()

    @property
    def keys(self) -> set[str]:
        """Return all keys."""
        return {*self.missing, *self.changed, *self.unreadable}

    def require_none(self, items: int, *, kept: str = "") -> None:
        """Raise OriginalsMissing, with what was `kept`, if the original of any of so many items is lost."""
        kinds = [
            f"{len(keys):,} {kind} ({_named(keys)})"
            for keys, kind in (
                (self.missing, "missing"),
                (self.changed, "changed"),
                (self.unreadable, "that cannot be read"),
            )
            if keys
        ]
        if kinds:
            why = f"; {self.reasons[0]}" if self.reasons else ""
            raise OriginalsMissing(
                f"expected the originals of all {items:,} items as they were, got {', '.join(kinds)}{why}: restore "
                f"them, name where they are with --source, or delete their items with --drop-missing{kept}"
            )


class Originals:
    """The originals that were found, as a source of images with the labels of the stored items."""

    name = "originals"

    def __init__(
        self, items: Mapping[str, _StoredItem], parts: Sequence[tuple[Source, set[str]]], reasons: Sequence[str]
    ) -> None:
        self._items = items
        self._parts = parts
        self._reasons = reasons

    def __len__(self) -> int:
        return sum(len(keys) for _, keys in self._parts)

    def __iter__(self) -> Iterator[SourceImage]:
        for source, keys in self._parts:
            for image in source:
                if image.key in keys:
                    yield SourceImage(image.key, image.read, self._items[image.key].label)

    def labels_digest(self) -> str:
        """Return the sha256 of all items' keys and labels, in hexadecimal."""
        labels = [(key, item.label) for key, item in sorted(self._items.items())]
        return hashlib.sha256(json.dumps(labels).encode()).hexdigest()

    def contents_of(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the stored content digests of items."""
        return {key: self._items[key].content for key in keys}

    @property
    def missing(self) -> LostOriginals:
        """Return the items whose originals were not found."""
        found = set().union(*(keys for _, keys in self._parts))
        return LostOriginals(missing=[key for key in self._items if key not in found], reasons=self._reasons)

    def lost_in(self, staged: Store) -> LostOriginals:
        """Return all lost originals, after a job has stored what it could read of the others in a store."""
        missing = self.missing
        found = [key for key in self._items if key not in missing.keys]
        contents: dict[str, bytes] = {}
        for start in range(0, len(found), _PAGE):
            contents |= staged.content_digests(found[start : start + _PAGE])
        return LostOriginals(
            missing=missing.missing,
            changed=[key for key in found if key in contents and contents[key] != self._items[key].content],
            unreadable=[key for key in found if key not in contents],
            reasons=missing.reasons,
        )


@dataclass
class _Candidate:
    """A source in which originals may be: how it is opened, and whether an item may be from it."""

    open: Callable[[], Source]
    may_hold: Callable[[_StoredItem], bool]
    is_given: bool = False


@dataclass
class _Found:
    """The originals found so far, by the sources that hold them; `hidden` are keys that a source may hold unlisted."""

    remaining: set[str]
    parts: list[tuple[Source, set[str]]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)

    def add(self, source: Source, keys: set[str]) -> None:
        """Add what a source holds."""
        if keys:
            self.parts.append((source, keys))
            self.remaining -= keys


def find_originals(store: Store, sources: Sequence[Source | str] = (), *, download: bool = False) -> Originals:
    """Return the originals of a store's items.

    They are searched for by their keys: in the given `sources` first, then in those that the store records for them;
    for items without a source, in the sources of all jobs, the newest first. In a given source an image of another
    content is taken only if no other source has the item's key. Raise SourceUnusable for one of the given sources that
    cannot be opened, OriginalsMissing for an original that may be in a source that does not list it: whether it is
    missing cannot be told.
    """
    items = dict(_stored_items(store))
    found = _Found(set(items))
    of_other_content: list[tuple[Source, set[str]]] = []
    for candidate in _candidates(store, sources, items, download=download):
        wanted = {key for key in found.remaining if candidate.may_hold(items[key])}
        if not wanted:
            continue
        try:
            source = candidate.open()
        except LookalikeError as error:
            if candidate.is_given:
                raise
            found.reasons.append(str(error))
            continue
        images = [image for image in source if image.key in wanted]
        keys = {image.key for image in images}
        found.hidden |= {key for key in wanted - keys if may_hold(source, key)}
        if candidate.is_given:
            same = {image.key for image in images if _has_content(image, items[image.key].content)}
            of_other_content.append((source, keys - same))
            keys = same
        found.add(source, keys)
    for source, keys in of_other_content:
        found.add(source, keys & found.remaining)
    hidden = sorted(found.remaining & found.hidden)
    if hidden:
        raise OriginalsMissing(
            f"expected sources that list the originals they have, got {len(hidden):,} that may be there "
            f"({_named(hidden)}): make their folders readable, put folders in the place of links to them, or name "
            "where the originals are with --source"
        )
    return Originals(items, found.parts, found.reasons)


def _has_content(image: SourceImage, content: bytes) -> bool:
    try:
        return content_digest(image.read()) == content
    except UnreadableImage:
        return False


def _stored_items(store: Store) -> Iterator[tuple[str, _StoredItem]]:
    for items, _ in store.sourced_pages(_PAGE):
        yield from ((item.item.key, _StoredItem(item.item.content, item.item.label, item.source)) for item in items)


def _candidates(
    store: Store, sources: Sequence[Source | str], items: Mapping[str, _StoredItem], *, download: bool
) -> Iterator[_Candidate]:
    for source in sources:
        yield _Candidate(_opener(source, download=download), lambda _: True, is_given=True)
    for name in sorted({item.source for item in items.values() if item.source is not None}):
        yield _Candidate(_opener(name, recorded=True, download=download), partial(_is_from, name))
    for name in dict.fromkeys(job.source for job in reversed(store.jobs())):
        yield _Candidate(_opener(name, recorded=True, download=download), partial(_is_from, None))


def _is_from(source: str | None, item: _StoredItem) -> bool:
    return item.source == source


def _opener(source: Source | str, *, recorded: bool = False, download: bool) -> Callable[[], Source]:
    """Return a function that opens a source; one that a store has recorded is opened without a limit."""

    def open() -> Source:
        if not isinstance(source, str):
            return source
        if not recorded:
            return open_source(source, download=download)
        name = SourceName.parse(source)
        return open_source(name.source, flat=name.flat, download=download)

    return open


def _named(keys: Sequence[str]) -> str:
    """Return the first few keys for a message."""
    shown = ", ".join(printable(key) for key in keys[:_NAMED_KEYS])
    return f"{shown}, ..." if len(keys) > _NAMED_KEYS else shown
