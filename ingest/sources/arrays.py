"""Images of one shape, end to end in a file, with their labels: the content of IDX and npz files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np

from ingest.errors import SourceUnusable, UnreadableImage
from ingest.images.decoding import PIXEL_LIMIT
from ingest.images.images import Image
from ingest.sources.random_access_file import RandomAccessFile
from ingest.sources.source import SourceImage, unusable
from storage.types.items import Scalar


@dataclass(frozen=True)
class FileArray:
    """An array, (n, ...) in C order, from `offset` in a file: images or labels, which messages call `name`."""

    file: RandomAccessFile
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str

    def __len__(self) -> int:
        return self.shape[0]

    def image(self, index: int) -> Image:
        """Return an image, (h, w) or (h, w, 3) uint8, read-only; raise UnreadableImage when the file was truncated."""
        return np.frombuffer(self.read(index), np.uint8).reshape(self.shape[1:])

    def read(self, index: int) -> bytes:
        """Return the bytes of the image or label at an index; raise UnreadableImage when the file was truncated."""
        size = prod(self.shape[1:]) * self.dtype.itemsize
        try:
            data = self.file.read_at(self.offset + index * size, size)
        except OSError as error:
            raise UnreadableImage(f"expected image {index} of {self.name}, got: {error.strerror}") from error
        if len(data) != size:
            raise UnreadableImage(
                f"expected image {index} of {self.name}, got the end of the file, which was cut while it was read"
            )
        return data


@dataclass(frozen=True)
class Split:
    """A part of a data set: its name, as "train", or None, its images, and a function that returns an image's label.

    `label` takes an image's index, and raises UnreadableImage for a label that is not text.
    """

    name: str | None
    images: FileArray
    label: Callable[[int], str | None]


class ArraySource:
    """The images of one or more splits, in order; a key is the names of source and split, and the index in it."""

    def __init__(self, name: str, splits: Sequence[Split]) -> None:
        self.name = name
        self._splits = splits

    def __len__(self) -> int:
        return sum(len(split.images) for split in self._splits)

    def __iter__(self) -> Iterator[SourceImage]:
        for split in self._splits:
            names: dict[str, Scalar] = {"source": self.name}
            if split.name is not None:
                names["split"] = split.name
            prefix = "/".join(map(str, names.values()))
            for index in range(len(split.images)):
                key = f"{prefix}/{index:05d}"
                try:
                    label = split.label(index)
                except UnreadableImage as error:
                    yield unusable(key, str(error))
                else:
                    yield SourceImage(key, partial(split.images.image, index), label, {**names, "index": index})


def require_shape(shape: tuple[int, ...], name: str) -> None:
    """Raise SourceUnusable unless images of a shape, (h, w, ...), have between one pixel and the limit."""
    pixels = prod(shape[:2])
    if not 0 < pixels <= PIXEL_LIMIT:
        raise SourceUnusable(
            f"expected images of 1 to {PIXEL_LIMIT} pixels in {name}, got {' by '.join(map(str, shape[:2]))}"
        )
