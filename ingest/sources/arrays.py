"""Images of one size, laid end to end in a file, with their labels: what IDX and npz files hold."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

from ingest.errors import SourceUnusable, UnreadableImage
from ingest.images.decoding import PIXEL_LIMIT
from ingest.images.images import Image
from ingest.sources.files import HeldFile
from ingest.sources.source import SourceImage, unusable
from storage.types.items import Scalar


@dataclass(frozen=True)
class Pixels:
    """Images of one shape, (h, w) or (h, w, 3) uint8, from a place in a file on; `name` is the file's."""

    file: HeldFile
    start: int
    count: int
    shape: tuple[int, ...]
    name: str

    def image(self, index: int) -> Image:
        """Return an image, read-only; raise UnreadableImage when the file has been cut."""
        size = prod(self.shape)
        try:
            data = self.file.read_at(self.start + index * size, size)
        except OSError as error:
            raise UnreadableImage(f"expected image {index} of {self.name}, got: {error.strerror}") from error
        if len(data) != size:
            raise UnreadableImage(
                f"expected image {index} of {self.name}, got the end of the file, which was cut while it was read"
            )
        return np.frombuffer(data, np.uint8).reshape(self.shape)


@dataclass(frozen=True)
class Split:
    """A part of a collection: its name, as "train", or none, its images, and the label of each, or none.

    `label` raises UnreadableImage for a label that is no text.
    """

    name: str | None
    pixels: Pixels
    label: Callable[[int], str | None]


class ArraySource:
    """The images of one or more splits, in order; a key is the source's name, the split's and the place in it."""

    def __init__(self, name: str, splits: Sequence[Split]) -> None:
        self.name = name
        self._splits = splits

    def __len__(self) -> int:
        return sum(split.pixels.count for split in self._splits)

    def __iter__(self) -> Iterator[SourceImage]:
        for split in self._splits:
            named: dict[str, Scalar] = {"source": self.name}
            if split.name is not None:
                named["split"] = split.name
            start = "/".join(map(str, named.values()))
            for index in range(split.pixels.count):
                key = f"{start}/{index:05d}"
                try:
                    label = split.label(index)
                except UnreadableImage as error:
                    yield unusable(key, str(error))
                else:
                    yield SourceImage(key, partial(split.pixels.image, index), label, {**named, "index": index})


def require_shape(shape: tuple[int, ...], name: str) -> None:
    """Raise SourceUnusable unless images of a shape, (h, w, ...), have between one pixel and the limit."""
    pixels = prod(shape[:2])
    if not 0 < pixels <= PIXEL_LIMIT:
        raise SourceUnusable(
            f"expected images of 1 to {PIXEL_LIMIT} pixels in {name}, got {' by '.join(map(str, shape[:2]))}"
        )
