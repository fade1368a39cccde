"""Read, compare and decode a source's images, a slice at a time, before they are embedded."""

import os
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from ingest.embedding.features import decoded_side, network_input
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes import Recipe
from ingest.errors import UnreadableImage
from ingest.images.images import thumbnail
from ingest.pipeline.compare import Change, Compared, Comparer, KnownContent, NewContent, Unchanged, rejected
from ingest.prefetch import lookahead
from ingest.sources import Source, SourceImage, decode_content
from storage import NewItem, Rejected

#: Images in a slice at 32 by 32 pixels; slices of larger images have fewer, so that they take as much memory.
_SLICE = 256
_SMALLEST_SLICE = 16

#: Threads that decode; each may hold a photograph of the largest size.
_DECODERS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """An image to embed: its item, the network's input, and what the job does with it.

    `other_source` is the source of the item that it replaces, if that is not the job's.
    """

    item: NewItem
    input: Float32Array
    change: Change
    other_source: str | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """Consecutive inputs of a source by outcome; `images` are those to store, in order."""

    images: list[PreparedImage | KnownContent] = field(default_factory=list)
    unchanged: list[Unchanged] = field(default_factory=list)
    rejects: list[Rejected] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Return how many rows the slice's outcomes write."""
        adopted = sum(1 for unchanged in self.unchanged if unchanged.adopted is not None)
        return len(self.images) + len(self.rejects) + adopted

    @classmethod
    def of(cls, outcomes: Iterable["Outcome"]) -> "Slice":
        """Return the slice of these outcomes."""
        slice = cls()
        for outcome in outcomes:
            if isinstance(outcome, Unchanged):
                slice.unchanged.append(outcome)
            elif isinstance(outcome, Rejected):
                slice.rejects.append(outcome)
            else:
                slice.images.append(outcome)
        return slice


#: What becomes of an input.
Outcome = PreparedImage | KnownContent | Unchanged | Rejected


class Preparer(Protocol):
    """Makes the slices of a source; `seconds` is the time spent so far."""

    seconds: float

    def slices(self, source: Source, limit: int) -> Generator[Slice, None, None]:
        """Yield the source's inputs in order, in slices of at most `limit`."""
        ...


class SlicePreparer:
    """Compares images with the store, and decodes those whose content is new.

    Images are read one after the other, since a source need not be thread-safe; encoded ones are decoded by several
    threads. `seconds` is the time spent so far.
    """

    def __init__(self, recipe: Recipe, comparer: Comparer) -> None:
        self._recipe = recipe
        self._comparer = comparer
        self.seconds = 0.0

    def slices(self, source: Iterable[SourceImage], limit: int) -> Generator[Slice, None, None]:
        """Yield the source's inputs in order, in slices of at most `limit`."""
        size = min(limit, max(_SMALLEST_SLICE, _SLICE * 32**2 // self._recipe.side**2))
        images = iter(source)
        with ThreadPoolExecutor(_DECODERS, "decoding") as decoders:
            while True:
                started = time.perf_counter()
                inputs = list(islice(images, size))
                prepared = Slice.of(_outcomes(self._recipe, self._comparer.compare(inputs), decoders))
                self.seconds += time.perf_counter() - started
                if not inputs:
                    return
                yield prepared


def decoded(recipe: Recipe, compared: Iterable[Compared]) -> Slice:
    """Return the slice of inputs that were compared, the new ones decoded."""
    with ThreadPoolExecutor(_DECODERS, "decoding") as decoders:
        return Slice.of(_outcomes(recipe, compared, decoders))


def _outcomes(recipe: Recipe, compared: Iterable[Compared], decoders: ThreadPoolExecutor) -> Iterator[Outcome]:
    """Yield the outcomes in the inputs' order, while a few images after them are compared and decoded."""
    started = (_start(recipe, outcome, decoders) for outcome in compared)
    return map(_result, lookahead(started, 2 * _DECODERS))


def _start(recipe: Recipe, compared: Compared, decoders: ThreadPoolExecutor) -> Outcome | Future[Outcome]:
    if not isinstance(compared, NewContent):
        return compared
    if isinstance(compared.content, bytes):
        return decoders.submit(_prepare, recipe, compared)
    return _prepare(recipe, compared)


def _prepare(recipe: Recipe, new: NewContent) -> Outcome:
    try:
        image = decode_content(new.content, new.input.key, decoded_side(recipe))
        metadata = {**new.input.metadata, "width": image.width, "height": image.height}
        item = NewItem(new.input.key, new.digest, new.input.label, metadata, thumbnail(image.pixels), new.source)
    except UnreadableImage as error:
        return rejected(new.input, error)
    # The decoded image is freed here: a photograph's network input is small.
    return PreparedImage(item, network_input(recipe, image.pixels), new.change, new.other_source)


def _result(outcome: Outcome | Future[Outcome]) -> Outcome:
    return outcome.result() if isinstance(outcome, Future) else outcome
