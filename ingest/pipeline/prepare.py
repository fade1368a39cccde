"""Read, compare and decode a source's images, a slice at a time, before they are embedded."""

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from ingest.embedding.features import decoded_side, network_input
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes import Recipe
from ingest.errors import UnreadableImage
from ingest.images.images import Image, content_digest, thumbnail
from ingest.prefetch import lookahead
from ingest.sources import Source, SourceImage, decode_content
from storage import NewItem, Rejected
from storage.catalog.row import require_storable
from storage.console import printable
from storage.errors import InvalidItem
from storage.types.items import is_storable_text

#: Images in a slice at 32 by 32 pixels; slices of larger images have fewer, so that they take as much memory.
_SLICE = 256
_SMALLEST_SLICE = 16

#: Threads that decode; each may hold a photograph of the largest size.
_DECODERS = min(4, os.cpu_count() or 1)

#: Returns the stored content digests of the given keys; keys that are not stored are absent.
StoredDigests = Callable[[Sequence[str]], Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """An image to embed: its item, the network's input, and whether it replaces a stored item."""

    item: NewItem
    input: Float32Array
    replaces: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """Consecutive inputs of a source by outcome; `unchanged` holds the keys whose stored content is the same."""

    images: list[PreparedImage] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    rejects: list[Rejected] = field(default_factory=list)


#: The outcome of an input: an image to embed, a reject, or the key of an unchanged input.
_Outcome = PreparedImage | Rejected | str


class Preparer(Protocol):
    """Makes the slices of a source; `seconds` is the time spent so far."""

    seconds: float

    def slices(self, source: Source, limit: int) -> Generator[Slice, None, None]:
        """Yield the source's inputs in order, in slices of at most `limit`."""
        ...


class SlicePreparer:
    """Compares images with their stored digests, and decodes the new and the changed ones.

    Images are read one after the other, since a source need not be thread-safe; encoded ones are decoded by several
    threads. `seconds` is the time spent so far.
    """

    def __init__(self, recipe: Recipe, stored_digests: StoredDigests) -> None:
        self._recipe = recipe
        self._stored_digests = stored_digests
        self.seconds = 0.0

    def slices(self, source: Iterable[SourceImage], limit: int) -> Generator[Slice, None, None]:
        """Yield the source's inputs in order, in slices of at most `limit`."""
        size = min(limit, max(_SMALLEST_SLICE, _SLICE * 32**2 // self._recipe.side**2))
        images = iter(source)
        with ThreadPoolExecutor(_DECODERS, "decoding") as decoders:
            while True:
                started = time.perf_counter()
                inputs = list(islice(images, size))
                outcomes = list(self._outcomes(inputs, decoders))
                prepared = Slice(
                    images=[outcome for outcome in outcomes if isinstance(outcome, PreparedImage)],
                    unchanged=[outcome for outcome in outcomes if isinstance(outcome, str)],
                    rejects=[outcome for outcome in outcomes if isinstance(outcome, Rejected)],
                )
                self.seconds += time.perf_counter() - started
                if not inputs:
                    return
                yield prepared

    def _outcomes(self, inputs: Sequence[SourceImage], decoders: ThreadPoolExecutor) -> Iterator[_Outcome]:
        """Yield the outcomes in the inputs' order, while a few images after them are decoded."""
        stored = self._stored_digests([input.key for input in inputs if is_storable_text(input.key)])
        started = (self._start(input, stored.get(input.key), decoders) for input in inputs)
        return map(_result, lookahead(started, 2 * _DECODERS))

    def _start(
        self, input: SourceImage, stored: bytes | None, decoders: ThreadPoolExecutor
    ) -> _Outcome | Future[_Outcome]:
        try:
            if not is_storable_text(input.key):
                raise UnreadableImage(f"expected a name in UTF-8, got {input.key!r}: rename the file")
            require_storable(input.key, input.label, input.metadata)
            content = input.read()
            digest = content_digest(content)
        except (InvalidItem, UnreadableImage) as error:
            return _rejected(input, error)
        if digest == stored:
            return input.key
        if isinstance(content, bytes):
            return decoders.submit(self._prepare, input, content, digest, stored is not None)
        return self._prepare(input, content, digest, stored is not None)

    def _prepare(self, input: SourceImage, content: bytes | Image, digest: bytes, replaces: bool) -> _Outcome:
        try:
            image = decode_content(content, input.key, decoded_side(self._recipe))
            metadata = {**input.metadata, "width": image.width, "height": image.height}
            item = NewItem(input.key, digest, input.label, metadata, thumbnail(image.pixels))
        except UnreadableImage as error:
            return _rejected(input, error)
        # The decoded image is freed here: a photograph's network input is small.
        return PreparedImage(item, network_input(self._recipe, image.pixels), replaces)


def _result(outcome: _Outcome | Future[_Outcome]) -> _Outcome:
    return outcome.result() if isinstance(outcome, Future) else outcome


def _rejected(input: SourceImage, error: Exception) -> Rejected:
    return Rejected(printable(input.key), str(error))
