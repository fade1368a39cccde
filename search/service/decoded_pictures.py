"""Decode the pictures of requests, a few at a time, within a bound on all that are decoded and wait."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.embedding.features import decoded_side
from ingest.embedding.recipes import recipe_of
from ingest.images.images import Image
from search.image_input import decoded_image
from search.searcher import Searcher

#: Pictures that are decoded at once; each may take the memory of all its pixels a few times over.
_AT_ONCE = 2


class DecodedPictures:
    """Decodes pictures in the threads that ask for them, which wait while there is no room; thread-safe."""

    def __init__(self, bytes: int) -> None:
        self._decoders = threading.Semaphore(_AT_ONCE)
        self._changed = threading.Condition()
        self._bytes = bytes
        self._used = 0

    @contextmanager
    def decoded(self, searcher: Searcher, data: bytes) -> Iterator[Image]:
        """Yield an encoded picture's pixels as a search by it takes them; raise UnreadableImage."""
        side = decoded_side(recipe_of(searcher.store.newest_embedding()))
        with self._decoders:
            image = decoded_image(data, side)
            with self._changed:
                # One that is larger than all the room has it for itself.
                self._changed.wait_for(lambda: not self._used or self._used + image.nbytes <= self._bytes)
                self._used += image.nbytes
        try:
            yield image
        finally:
            with self._changed:
                self._used -= image.nbytes
                self._changed.notify_all()
