"""Embed inputs in a few threads, a full network batch at a time, while others are read and written."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ingest.embedding.features import CONCURRENT_BATCHES
from ingest.embedding.linalg.arrays import Float32Array

#: Network batches that are computed or wait for a thread.
MAX_PENDING = CONCURRENT_BATCHES + 1


class InputEmbedder(Protocol):
    """Computes the vectors of network inputs."""

    @property
    def batch_size(self) -> int:
        """Return how many inputs a network batch has."""
        ...

    def is_cached(self, input: Float32Array) -> bool:
        """Return whether an input's features are cached, so that the network need not compute them."""
        ...

    def embed_inputs(self, inputs: Sequence[Float32Array]) -> Float32Array:
        """Return the vectors of inputs, (n, dim) float32."""
        ...


@dataclass
class PendingVectors:
    """The vectors of inputs that were put into a queue, in that order; not all need be computed yet."""

    _count: int = 0
    _rows: dict[int, tuple[Future[Float32Array], int]] = field(default_factory=dict)

    @property
    def submitted(self) -> bool:
        """Return whether every input has been submitted to the network."""
        return len(self._rows) == self._count

    def reserve(self) -> int:
        """Return the index of one more vector."""
        self._count += 1
        return self._count - 1

    def add(self, vector: Float32Array) -> None:
        """Add a vector, (dim,) float32, that is known already."""
        known: Future[Float32Array] = Future()
        known.set_result(vector[np.newaxis])
        self.assign(self.reserve(), known, 0)

    def assign(self, index: int, computed: Future[Float32Array], row: int) -> None:
        """Take the vector at an index from a row of a network batch that is being computed."""
        self._rows[index] = computed, row

    def result(self) -> Float32Array:
        """Wait for the vectors, (n, dim) float32, all of them submitted; raise what their computation raised."""
        if not self._count:
            return np.empty((0, 0), np.float32)
        rows = (self._rows[index] for index in range(self._count))
        return np.array([computed.result()[row] for computed, row in rows], np.float32)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An input that waits for its network batch to be full, and the index of its vector in `vectors`."""

    vectors: PendingVectors
    index: int
    input: Float32Array


class EmbeddingQueue(AbstractContextManager["EmbeddingQueue"]):
    """Groups inputs into network batches and embeds them; use it in a `with` statement.

    The embedder is made when the first input is put. Inputs whose features are cached are batched separately, so that
    each batch that the network computes is full of new ones.
    """

    def __init__(self, make_embedder: Callable[[], InputEmbedder]) -> None:
        self._make_embedder = make_embedder
        self._embedder: InputEmbedder | None = None
        self._new: list[_Waiting] = []
        self._cached: list[_Waiting] = []
        self._room = threading.Semaphore(MAX_PENDING)
        self._threads = ThreadPoolExecutor(CONCURRENT_BATCHES, "embedding")
        self._clock = _BusyClock()

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    @property
    def seconds(self) -> float:
        """Return the seconds spent so far in making the embedder and in embedding."""
        return self._clock.seconds

    def put(self, input: Float32Array, vectors: PendingVectors) -> None:
        """Embed an input once a network batch is full; wait while `MAX_PENDING` of them are unfinished."""
        if self._embedder is None:
            with self._clock:
                self._embedder = self._make_embedder()
        waiting = self._cached if self._embedder.is_cached(input) else self._new
        waiting.append(_Waiting(vectors, vectors.reserve(), input))
        if len(waiting) == self._embedder.batch_size:
            self._submit(waiting)

    def submit_cached(self) -> None:
        """Submit the inputs whose features are cached, however few they are."""
        self._submit(self._cached)

    def flush(self) -> None:
        """Submit every input, though the last network batch is not full."""
        self._submit(self._cached)
        self._submit(self._new)

    def _submit(self, waiting: list[_Waiting]) -> None:
        if not waiting or self._embedder is None:
            return
        self._room.acquire()
        computed = self._threads.submit(self._embed, self._embedder, [entry.input for entry in waiting])
        computed.add_done_callback(lambda _: self._room.release())
        for row, entry in enumerate(waiting):
            entry.vectors.assign(entry.index, computed, row)
        waiting.clear()

    def _embed(self, embedder: InputEmbedder, inputs: Sequence[Float32Array]) -> Float32Array:
        with self._clock:
            return embedder.embed_inputs(inputs)


class _BusyClock:
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

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._busy -= 1
            if not self._busy:
                self.seconds += time.perf_counter() - self._since
