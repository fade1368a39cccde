"""A source: a sized collection of images that can be iterated repeatedly, in the same order."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NoReturn, Protocol, runtime_checkable

from ingest.errors import UnreadableImage
from ingest.images.images import Image, checked_image, decode_scaled
from ingest.images.to_srgb import DecodedImage
from storage.types.items import Scalar, is_storable_text


@dataclass(frozen=True, slots=True)
class SourceImage:
    """An image that is not read yet.

    `key` is unique within the source and never changes; `read` returns the encoded bytes or the pixels, and raises
    UnreadableImage.
    """

    key: str
    read: Callable[[], bytes | Image]
    label: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)

    def decoded(self, least_side: int | None = None) -> Image:
        """Read and decode the image, (h, w) or (h, w, 3) uint8 in RGB; raise UnreadableImage.

        With `least_side` a large encoded image has fewer pixels, as those of `decode_scaled`.
        """
        return decode_content(self.read(), self.key, least_side).pixels


def unusable(key: str, reason: str) -> SourceImage:
    """Return an image whose `read` raises UnreadableImage with this reason."""
    return SourceImage(key, partial(_raise_unreadable, reason))


def _raise_unreadable(reason: str) -> NoReturn:
    raise UnreadableImage(reason)


class Source(Protocol):
    """A collection of images in a fixed order; its iterator need not be thread-safe.

    `name` is the name of the source in metadata and messages.
    """

    name: str

    def __len__(self) -> int:
        """Return how many images there are."""
        ...

    def __iter__(self) -> Iterator[SourceImage]:
        """Iterate over the images, from the first each time."""
        ...


def skipped_kinds(source: Source) -> Mapping[str, int]:
    """Return how many pictures of kinds that are not read a source has passed over, by kind; only folders tell."""
    kinds: Mapping[str, int] = getattr(source, "skipped", {})
    return kinds


def column_kinds(source: Source) -> Mapping[str, str]:
    """Return what the columns of a source's metadata are read as, by name; only manifests tell."""
    kinds: Mapping[str, str] = getattr(source, "column_kinds", {})
    return kinds


@runtime_checkable
class PartlyListed(Protocol):
    """A source that may hold images under keys that it cannot list."""

    def may_hold(self, key: str) -> bool:
        """Return whether an image may be there under a key that is not listed."""
        ...


def may_hold(source: Source, key: str) -> bool:
    """Return whether a source may hold an image under a key that it does not list."""
    return isinstance(source, PartlyListed) and source.may_hold(key)


class InMemorySource:
    """The given images, in the given order."""

    def __init__(self, name: str, images: Sequence[SourceImage]) -> None:
        self.name = name
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[SourceImage]:
        return iter(self._images)


def decode_content(content: bytes | Image, key: str, least_side: int | None = None) -> DecodedImage:
    """Decode the content that an image's `read` returned, or check it if it is pixels; raise UnreadableImage."""
    if isinstance(content, bytes):
        return decode_scaled(content, key, least_side)
    image = checked_image(content)
    return DecodedImage(image, width=image.shape[1], height=image.shape[0])


def decode_readable(
    images: Iterable[SourceImage], least_side: int | None = None
) -> Iterator[tuple[SourceImage, Image]]:
    """Yield the images that can be read, each with its pixels; a job rejects the others with a reason."""
    for image in images:
        if not is_storable_text(image.key):
            continue
        try:
            yield image, image.decoded(least_side)
        except UnreadableImage:
            continue
