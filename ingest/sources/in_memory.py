"""A source made of a list: what is left of another source after choosing from it."""

from collections.abc import Iterator, Sequence
from itertools import islice

from ingest.sources.source import Source, SourceImage


class ListedSource:
    """The given images, in the given order."""

    def __init__(self, name: str, images: Sequence[SourceImage]) -> None:
        self.name = name
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[SourceImage]:
        return iter(self._images)


class FirstOf:
    """The first `limit` images of a source."""

    def __init__(self, source: Source, limit: int) -> None:
        self.name = source.name
        self._source = source
        self._limit = limit

    def __len__(self) -> int:
        return min(len(self._source), self._limit)

    def __iter__(self) -> Iterator[SourceImage]:
        return islice(self._source, len(self))
