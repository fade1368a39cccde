"""Walk a source into an open store: decoding, embedding and committing at once, each batch durable by itself."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

from ingest.embedding.embedder import Embedder
from ingest.embedding.network.backbone import MakeBackbone
from ingest.embedding.network.precision import Asked, precision_of
from ingest.embedding.recipes import recipe_of
from ingest.pipeline.batch import Batch
from ingest.pipeline.batch_writer import BatchWriter
from ingest.pipeline.embedding_queue import EmbeddingQueue, Embeds
from ingest.pipeline.prefetch import ahead
from ingest.pipeline.prepare import Preparer, Prepares, Slice
from ingest.pipeline.progress import Progress
from ingest.pipeline.ray_workers import Embedded, RayPreparer, Workers
from ingest.pipeline.stop_signal import interrupt
from ingest.sources import Source
from storage import Store

#: Slices that are decoded and wait to be embedded.
_DEPTH = 3


class LazyEmbedder:
    """The store's embedder, made when there is something to embed: TensorFlow takes seconds to load.

    How far its vectors lie from the store's goes into the job's progress.
    """

    def __init__(
        self, store: Store, network: MakeBackbone, precision: Asked, embedder: Embedder | None, progress: Progress
    ) -> None:
        self._store = store
        self.network = network
        self.precision = precision
        self._embedder = embedder
        self._progress = progress

    def __call__(self) -> Embedder:
        """Return the embedder; raise OtherEmbedding or EmbeddingDrift."""
        if self._embedder is None:
            embedding = self._store.embedding
            precision = precision_of(embedding) if self.precision == "auto" else self.precision
            self._embedder = Embedder.restore(embedding, self.network(recipe_of(embedding), precision))
            self._progress.drift = self._embedder.drift
        return self._embedder


def run(
    source: Source,
    named: str,
    store: Store,
    lazy: LazyEmbedder,
    batch_size: int,
    progress: Progress,
    on_progress: Callable[[Progress], None],
    gone: Sequence[str] = (),
    workers: Workers | None = None,
) -> None:
    """Bring a store up to date with a source, called `named` in the ledger, and publish its index.

    The ledger forgets the rejected keys that are `gone` from the source. Raise KeyboardInterrupt after the batch in
    hand is acknowledged when Ctrl-C asks for it.
    """
    # SQLite would have a long commit wait for a long look, or fail it; here they take turns.
    turn = threading.Lock()

    def contents(keys: Sequence[str]) -> Mapping[str, bytes]:
        with turn:
            return store.contents(keys)

    preparer: Prepares = Preparer(recipe_of(store.embedding), contents)
    embedder: Callable[[], Embeds] = lazy
    if workers is not None:
        preparer, embedder = RayPreparer(store.embedding, contents, lazy.network, lazy.precision, workers), Embedded
    queue = EmbeddingQueue(embedder)
    try:
        commits = BatchWriter(store, named, turn, progress, on_progress, gone)
        with interrupt() as stop, queue, commits:
            with closing(ahead(preparer.slices(source, batch_size), _DEPTH)) as slices:
                batches = _Batches(queue, commits, batch_size)
                for some in slices:
                    batches.take(some)
                    if stop.asked:
                        break
            if stop.asked:
                progress.stage = "stopping after this batch"
                on_progress(progress)
            batches.end(finished=not stop.asked)
            if stop.asked:
                raise KeyboardInterrupt
    finally:
        progress.stage_seconds["decode"] += preparer.seconds
        progress.stage_seconds["embed"] += queue.seconds
    progress.stage = "writing the index"
    on_progress(progress)
    started = time.perf_counter()
    store.publish()
    progress.stage_seconds["write"] += time.perf_counter() - started


class _Batches:
    """Fills one batch after the other.

    A full one is committed once the network has all of its images: the last of them may have to wait for some of the
    next batch, since the network computes a fixed number at a time.
    """

    def __init__(self, queue: EmbeddingQueue, commits: BatchWriter, most: int) -> None:
        self._queue = queue
        self._commits = commits
        self._most = most
        self._filling = Batch()
        self._full: Batch | None = None

    def take(self, some: Slice) -> None:
        """Add what became of some inputs to the batch, or to the next."""
        # Before the slice, so that the last batch is known as such and says that the job is finished.
        size = self._filling.size
        if size + len(some.ready) + len(some.rejects) > self._most or not size:
            self._commit_full()
            if size or self._filling.unchanged:
                self._full = self._filling
            self._filling = Batch()
            self._queue.begin_remembered()
        self._filling.take(some, self._queue)
        if self._full is not None and self._full.vectors.begun:
            self._commit_full()

    def end(self, *, finished: bool) -> None:
        """Commit what is left, and wait until it is acknowledged."""
        self._commit_full()
        self._queue.begin_all()
        last = self._filling
        if finished or last.size or last.unchanged:
            self._commits.commit(last, last=finished)
        self._commits.wait()

    def _commit_full(self) -> None:
        if self._full is not None:
            if not self._full.vectors.begun:
                self._queue.begin_all()
            self._commits.commit(self._full)
            self._full = None
