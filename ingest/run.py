"""Walk a source into an open store: decoding, embedding and committing at once, each batch durable by itself."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

from ingest.ahead import ahead
from ingest.backbone import MakeBackbone
from ingest.batch import Batch, Embeds
from ingest.committing import Commits
from ingest.embedder import Embedder
from ingest.interrupting import Interrupt, interrupt
from ingest.outcome import Progress
from ingest.precision import Asked, precision_of
from ingest.preparing import Preparer, Prepares
from ingest.ray_workers import Embedded, RayPreparer, Workers
from ingest.recipes import recipe_of
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
    try:
        with interrupt() as stop, Commits(store, named, turn, progress, on_progress, gone) as commits:
            with closing(ahead(preparer.slices(source, batch_size), _DEPTH)) as slices:
                batch = Batch()
                for some in slices:
                    # Before the slice, so that the last batch is known as such and says that the job is finished.
                    if batch.size + len(some.ready) + len(some.rejects) > batch_size or not batch.size:
                        _commit(batch, commits, embedder, progress)
                        batch = Batch()
                    batch.take(some)
                    _embed(batch, embedder, progress, all=False)
                    if stop.asked:
                        break
            _end(batch, commits, embedder, progress, on_progress, stop)
    finally:
        progress.stage_seconds["decode"] += preparer.seconds
    progress.stage = "writing the index"
    on_progress(progress)
    started = time.perf_counter()
    store.publish()
    progress.stage_seconds["write"] += time.perf_counter() - started


def _end(
    batch: Batch,
    commits: Commits,
    embedder: Callable[[], Embeds],
    progress: Progress,
    on_progress: Callable[[Progress], None],
    stop: Interrupt,
) -> None:
    if stop.asked:
        progress.stage = "stopping after this batch"
        on_progress(progress)
    _commit(batch, commits, embedder, progress, last=not stop.asked)
    commits.wait()
    if stop.asked:
        raise KeyboardInterrupt


def _commit(
    batch: Batch, commits: Commits, embedder: Callable[[], Embeds], progress: Progress, *, last: bool = False
) -> None:
    _embed(batch, embedder, progress, all=True)
    if batch.size or batch.unchanged or last:
        commits.commit(batch, last=last)


def _embed(batch: Batch, embedder: Callable[[], Embeds], progress: Progress, *, all: bool) -> None:
    if batch.items:
        started = time.perf_counter()
        batch.embed(embedder(), all=all)
        progress.stage_seconds["embed"] += time.perf_counter() - started
