"""Subsets of the images of a source."""

from collections.abc import Collection, Container, Iterator
from itertools import islice

import numpy as np

from ingest.errors import InvalidCount
from ingest.sources.source import Source, SourceImage, column_kinds, may_hold, skipped_kinds
from storage.console import printable


class FirstImages:
    """The first `limit` images of a source."""

    def __init__(self, source: Source, limit: int) -> None:
        self.name = source.name
        self.skipped = skipped_kinds(source)
        self.column_kinds = column_kinds(source)
        self._source = source
        self._limit = limit

    def __len__(self) -> int:
        return min(len(self._source), self._limit)

    def __iter__(self) -> Iterator[SourceImage]:
        return islice(self._source, len(self))


class ImagesByKey:
    """The images of a source whose printable keys are among `keys`."""

    def __init__(self, source: Source, keys: Container[str]) -> None:
        self.name = source.name
        self.column_kinds = column_kinds(source)
        self._source = source
        self._keys = keys
        self._count = sum(1 for _ in self)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[SourceImage]:
        return (image for image in self._source if printable(image.key) in self._keys)


def missing_keys(source: Source, keys: Collection[str]) -> set[str]:
    """Return those of these printable keys under which a source neither lists an image nor may hold one."""
    missing = {key for key in keys if not may_hold(source, key)}
    return missing.difference(printable(image.key) for image in source) if missing else missing


def limited(source: Source, limit: int | None) -> Source:
    """Return the first `limit` images of a source, or all; raise InvalidCount for a limit below 1."""
    if limit is None:
        return source
    require_count("the limit", limit, "every image")
    return FirstImages(source, limit)


def require_count(name: str, count: int, default: str) -> None:
    """Raise InvalidCount, which names the `default`, unless a number of images is a whole number of at least 1."""
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise InvalidCount(
            f"expected {name} to be a whole number of at least 1, got {count!r}: leave it out for {default}"
        )
