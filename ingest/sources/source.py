"""The contract of a source: a sized collection of images that can be walked again and again in the same order."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NoReturn, Protocol

from ingest.errors import UnreadableImage
from ingest.images.images import Image, checked_image, decode
from storage.console import printable
from storage.types.items import Scalar, is_text


@dataclass(frozen=True, slots=True)
class SourceImage:
    """An image that has not been read yet.

    `key` names it within the source for ever, once; `read` gives its encoded bytes or its pixels, and raises
    UnreadableImage when it cannot.
    """

    key: str
    read: Callable[[], bytes | Image]
    label: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


def unusable(key: str, reason: str) -> SourceImage:
    """Return an input that is known to be no image, which is rejected with this reason when it is read."""
    return SourceImage(key, partial(_refuse, reason))


def _refuse(reason: str) -> NoReturn:
    raise UnreadableImage(reason)


class Source(Protocol):
    """A named collection of images in a fixed order."""

    @property
    def name(self) -> str:
        """Return the source's name, as metadata and messages show it."""
        ...

    def __len__(self) -> int:
        """Return how many images there are."""
        ...

    def __iter__(self) -> Iterator[SourceImage]:
        """Walk the images, from the first each time."""
        ...


def decoded(image: SourceImage, content: bytes | Image) -> Image:
    """Return what an image's `read` gave, decoded or checked; raise UnreadableImage."""
    return decode(content, printable(image.key)) if isinstance(content, bytes) else checked_image(content)


def readable(images: Iterable[SourceImage]) -> Iterator[tuple[SourceImage, Image]]:
    """Walk the images that can be read, decoded; a job rejects the others, with a reason, when it comes to them."""
    for image in images:
        if not is_text(image.key):
            continue
        try:
            yield image, decoded(image, image.read())
        except UnreadableImage:
            continue
