"""Read and decode a source's images, a slice at a time: what becomes of each before it is embedded."""

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from ingest.embedding.features import network_input
from ingest.embedding.network.backbone import Floats
from ingest.embedding.recipes import Recipe
from ingest.errors import UnreadableImage
from ingest.images.images import Image, content_digest, thumbnail
from ingest.pipeline.prefetch import lookahead
from ingest.sources import Source, SourceImage, decoded
from storage import NewItem, Rejected
from storage.catalog.rows import require_storable
from storage.console import printable
from storage.errors import InvalidItem
from storage.types.items import is_text

#: How many images a slice has at 32 by 32; of larger ones it has fewer, so that it takes as much memory.
_SLICE = 256
_SMALLEST_SLICE = 16

#: Decoders at work at once; each may hold a photograph of the largest size.
_DECODERS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Ready:
    """An image to be embedded: the item that it becomes, what the network takes, and whether it replaces another."""

    item: NewItem
    input: Floats
    replaces: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """What became of some inputs of a source; `unchanged` holds the keys of those that need nothing."""

    ready: list[Ready] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    rejects: list[Rejected] = field(default_factory=list)


#: What becomes of an input; a key alone is that of an unchanged one.
_Outcome = Ready | Rejected | str

Contents = Callable[[Sequence[str]], Mapping[str, bytes]]


class Prepares(Protocol):
    """Makes slices of a source; `seconds` is the time spent so far."""

    seconds: float

    def slices(self, inputs: Source, most: int) -> Generator[Slice, None, None]:
        """Walk a source in slices of at most `most`."""
        ...


class Preparer:
    """Compares a source's images with what is stored, and decodes those that are new or changed.

    `contents` tells the stored digest of each of these keys; `seconds` is the time spent so far. Images are read one
    after the other, since a source need not know of threads; encoded ones are decoded by several.
    """

    def __init__(self, recipe: Recipe, contents: Contents) -> None:
        self._recipe = recipe
        self._contents = contents
        self.seconds = 0.0

    def slices(self, inputs: Iterable[SourceImage], most: int) -> Generator[Slice, None, None]:
        """Walk the inputs in slices of at most `most`."""
        size = min(most, max(_SMALLEST_SLICE, _SLICE * 32**2 // self._recipe.side**2))
        walked = iter(inputs)
        with ThreadPoolExecutor(_DECODERS, "decoding") as decoders:
            while True:
                started = time.perf_counter()
                some = list(islice(walked, size))
                made = Slice()
                for outcome in self._outcomes(some, decoders):
                    _sort(outcome, made)
                self.seconds += time.perf_counter() - started
                if not some:
                    return
                yield made

    def _outcomes(self, inputs: Sequence[SourceImage], decoders: ThreadPoolExecutor) -> Iterator[_Outcome]:
        """Walk the outcomes in the inputs' order, while a few images after them are decoded."""
        stored = self._contents([input.key for input in inputs if is_text(input.key)])
        begun = (self._begin(input, stored.get(input.key), decoders) for input in inputs)
        return map(_finished, lookahead(begun, 2 * _DECODERS))

    def _begin(
        self, input: SourceImage, stored: bytes | None, decoders: ThreadPoolExecutor
    ) -> _Outcome | Future[_Outcome]:
        try:
            if not is_text(input.key):
                raise UnreadableImage(f"expected a name in UTF-8, got {input.key!r}: rename the file")
            require_storable(input.key, input.label, input.metadata)
            content = input.read()
            digest = content_digest(content)
        except (InvalidItem, UnreadableImage) as error:
            return _rejected(input, error)
        if digest == stored:
            return input.key
        if isinstance(content, bytes):
            return decoders.submit(self._decoded, input, content, digest, stored is not None)
        return self._decoded(input, content, digest, stored is not None)

    def _decoded(self, input: SourceImage, content: bytes | Image, digest: bytes, replaces: bool) -> _Outcome:
        try:
            image = decoded(input, content)
            height, width = image.shape[:2]
            metadata = {**input.metadata, "width": width, "height": height}
            item = NewItem(input.key, digest, input.label, metadata, thumbnail(image))
        except UnreadableImage as error:
            return _rejected(input, error)
        # A photograph is let go of here: what the network takes of it is small.
        return Ready(item, network_input(self._recipe, image), replaces)


def _finished(begun: _Outcome | Future[_Outcome]) -> _Outcome:
    return begun.result() if isinstance(begun, Future) else begun


def _rejected(input: SourceImage, error: Exception) -> Rejected:
    return Rejected(printable(input.key), str(error))


def _sort(outcome: _Outcome, into: Slice) -> None:
    if isinstance(outcome, Ready):
        into.ready.append(outcome)
    elif isinstance(outcome, Rejected):
        into.rejects.append(outcome)
    else:
        into.unchanged.append(outcome)
