"""The store that a service searches, and the newer state of it that takes over without a pause."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np

from search.searcher import Searcher
from storage.catalog.batch import Batch
from storage.errors import LookalikeError

#: Queries of what was just loaded.
_FIRST_QUERIES = 10


@dataclass
class Loaded:
    """A searcher, the batch that it has loaded, how many requests use it, and whether a newer one took over."""

    searcher: Searcher
    batch: Batch
    users: int = 0
    replaced: bool = False


class ServedStore:
    """Searches a store's newest batch; each request is answered from one searcher, in any thread.

    A newer batch is loaded beside the one that is searched, which is closed after its last request: twice the memory
    for a moment, and no request waits.
    """

    def __init__(self, open_searcher: Callable[[], Searcher]) -> None:
        self._open = open_searcher
        self._lock = threading.Lock()
        self._current = self._load()

    @property
    def batch(self) -> Batch:
        """Return the newest batch that is searched."""
        return self._current.batch

    @contextmanager
    def use(self) -> Iterator[Loaded]:
        """Lend what is loaded to a request, which it stays open for."""
        with self._lock:
            loaded = self._current
            loaded.users += 1
        try:
            yield loaded
        finally:
            with self._lock:
                loaded.users -= 1
                unused = loaded.replaced and not loaded.users
            if unused:
                loaded.searcher.close()

    def refresh(self) -> bool:
        """Load the store again if it has changed, and return whether it had; raise LookalikeError, and keep the old."""
        with self.use() as loaded:
            if loaded.searcher.store.last_batch() == loaded.batch:
                return False
            embeds = loaded.searcher.drift is not None
        newer = self._load()
        if embeds:
            # The network embeds the store's test images first, for which no request has to wait then. Where it cannot,
            # whoever asks by picture is told.
            with suppress(LookalikeError):
                newer.searcher.embed([np.zeros((8, 8), np.uint8)])
        with self._lock:
            older, self._current = self._current, newer
            older.replaced = True
            unused = not older.users
        if unused:
            older.searcher.close()
        return True

    def close(self) -> None:
        """Close the store; a request in the middle gets StoreClosed."""
        self._current.searcher.close()

    def _load(self) -> Loaded:
        searcher = self._open()
        try:
            # Before the vectors: a batch that comes in between is loaded, and found to be new at the next refresh.
            batch = searcher.store.last_batch()
            if len(searcher):
                # As many as it takes until vectors are quantized, for which no request has to wait then.
                for seed in range(_FIRST_QUERIES):
                    searcher.by_random(1, seed)
        except LookalikeError:
            searcher.close()
            raise
        return Loaded(searcher, batch)
