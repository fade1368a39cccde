"""Embed images in threads of their own, a full batch of the network at a time, while others are read and written."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

import numpy as np

from ingest.embedding.features import AT_ONCE
from ingest.embedding.network.backbone import Floats

#: Batches that are computed or wait to be.
IN_HAND = AT_ONCE + 1


class Embeds(Protocol):
    """What makes vectors of a network's inputs."""

    @property
    def batch_size(self) -> int:
        """Return how many inputs the network takes at once."""
        ...

    def remembers(self, input: Floats) -> bool:
        """Tell whether an input's features were kept, so that the network need not see it."""
        ...

    def embed_inputs(self, inputs: Sequence[Floats]) -> Floats:
        """Return the vectors, (n, dim) float32, of inputs."""
        ...


@dataclass
class Vectors:
    """The vectors of some inputs, in the order in which they were put into a queue; some are still to be computed."""

    _count: int = 0
    _begun: int = 0
    _parts: list[tuple[list[int], Future[Floats], list[int]]] = field(default_factory=list)

    @property
    def begun(self) -> bool:
        """Tell whether none waits any more for a batch of the network to be full."""
        return self._begun == self._count

    def expect(self) -> int:
        """Return the place of one more."""
        self._count += 1
        return self._count - 1

    def begin(self, places: list[int], computed: Future[Floats], rows: list[int]) -> None:
        """Take the vectors of some places from these rows of what is being computed."""
        self._begun += len(places)
        self._parts.append((places, computed, rows))

    def result(self) -> Floats:
        """Wait for the vectors, (n, dim) float32, all of which are begun; raise what their computation raised."""
        done = [(places, computed.result()[rows]) for places, computed, rows in self._parts]
        if not done:
            return np.empty((0, 0), np.float32)
        vectors = np.empty((self._count, done[0][1].shape[1]), np.float32)
        for places, found in done:
            vectors[places] = found
        return vectors


class EmbeddingQueue:
    """Embeds what is put into it; use it in a `with` statement.

    The embedder is made when there is a first input; `seconds` is how long it and the network have taken so far.
    Inputs whose features are remembered wait apart, so that a batch of the network is full of new ones.
    """

    def __init__(self, embedder: Callable[[], Embeds]) -> None:
        self._make = embedder
        self._embedder: Embeds | None = None
        self._new: list[tuple[Vectors, int, Floats]] = []
        self._known: list[tuple[Vectors, int, Floats]] = []
        self._room = threading.Semaphore(IN_HAND)
        self._threads = ThreadPoolExecutor(AT_ONCE, "embedding")
        self._clock = _Busy()

    def __enter__(self) -> "EmbeddingQueue":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)

    @property
    def seconds(self) -> float:
        """Return how long something was computed."""
        return self._clock.seconds

    def put(self, input: Floats, into: Vectors) -> None:
        """Have an input embedded when there are enough for the network; wait while too many are in hand."""
        embedder = self._embedder or self._made()
        waiting = self._known if embedder.remembers(input) else self._new
        waiting.append((into, into.expect(), input))
        if len(waiting) == embedder.batch_size:
            self._begin(embedder, waiting)

    def begin_remembered(self) -> None:
        """Begin what needs no network, however few they are."""
        if self._embedder is not None:
            self._begin(self._embedder, self._known)

    def begin_all(self) -> None:
        """Begin whatever waits, though it leaves places of a batch empty."""
        if self._embedder is not None:
            self._begin(self._embedder, self._known)
            self._begin(self._embedder, self._new)

    def _made(self) -> Embeds:
        with self._clock:
            self._embedder = self._make()
        return self._embedder

    def _begin(self, embedder: Embeds, waiting: list[tuple[Vectors, int, Floats]]) -> None:
        if not waiting:
            return
        self._room.acquire()
        computed = self._threads.submit(self._embedded, embedder, [input for _, _, input in waiting])
        computed.add_done_callback(lambda _: self._room.release())
        wanted: dict[int, tuple[Vectors, list[int], list[int]]] = {}
        for row, (into, place, _) in enumerate(waiting):
            _, places, rows = wanted.setdefault(id(into), (into, [], []))
            places.append(place)
            rows.append(row)
        for into, places, rows in wanted.values():
            into.begin(places, computed, rows)
        waiting.clear()

    def _embedded(self, embedder: Embeds, inputs: Sequence[Floats]) -> Floats:
        with self._clock:
            return embedder.embed_inputs(inputs)


class _Busy:
    """Adds up the seconds in which at least one thread is busy."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._busy = 0
        self._since = 0.0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            if not self._busy:
                self._since = time.perf_counter()
            self._busy += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._busy -= 1
            if not self._busy:
                self.seconds += time.perf_counter() - self._since
