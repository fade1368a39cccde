"""A source made of a list of images."""

from collections.abc import Iterator, Sequence

from ingest.sources.source import SourceImage


class InMemorySource:
    """The given images, in the given order."""

    def __init__(self, name: str, images: Sequence[SourceImage]) -> None:
        self.name = name
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[SourceImage]:
        return iter(self._images)
