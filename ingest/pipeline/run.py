"""Run a job over an open store: read, embed and commit at the same time, each batch durable by itself."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing

from ingest.embedding.embedder import Embedder
from ingest.embedding.recipes import recipe_of
from ingest.errors import PruneRefused
from ingest.pipeline.batch import batches_of
from ingest.pipeline.batch_writer import BatchWriter
from ingest.pipeline.compare import Comparer
from ingest.pipeline.embedding_queue import EmbeddingQueue, InputEmbedder
from ingest.pipeline.options import JobOptions
from ingest.pipeline.prepare import Preparer, Slice, SlicePreparer
from ingest.pipeline.progress import Progress
from ingest.pipeline.prune import items_to_prune
from ingest.pipeline.stop_signal import stop_on_interrupt
from ingest.prefetch import prefetch
from ingest.sources import Source
from ingest.sources.job_source import JobSource
from storage import Store

#: Slices that are decoded and wait to be embedded.
_PREFETCHED = 3


def run(source: JobSource, store: Store, embedder: Embedder | None, options: JobOptions, progress: Progress) -> None:
    """Bring a store up to date with a source, and publish its index.

    `embedder` is the store's, or None to make it when there is something to embed: TensorFlow takes seconds to load.
    Raise OtherEmbedding, EmbeddingDrift, PruneRefused once all else is stored, and KeyboardInterrupt after Ctrl-C, once
    the current batch is durable.
    """
    # Serialises commits and look-ups: SQLite makes a commit wait for a long read, or fail.
    lock = threading.Lock()
    comparer = Comparer(store, source, lock)
    refused: PruneRefused | None = None

    def store_embedder() -> InputEmbedder:
        if embedder is not None:
            return embedder
        embedding = store.embedding
        backbone = options.make_backbone(recipe_of(embedding), options.precision_for(embedding))
        restored = Embedder.restore(embedding, backbone, store.location)
        progress.drift = restored.drift
        return restored

    preparer: Preparer = SlicePreparer(recipe_of(store.embedding), comparer)
    make_embedder: Callable[[], InputEmbedder] = store_embedder
    if options.workers is not None:
        # Imported here: Ray is an extra, and takes seconds to load.
        from ingest.pipeline.ray_preparer import EmbeddedInputs, RayPreparer

        preparer = RayPreparer(store.embedding, comparer, options, options.workers)
        make_embedder = EmbeddedInputs
    queue = EmbeddingQueue(make_embedder)
    with store.publishing():
        try:
            with (
                stop_on_interrupt() as stop,
                queue,
                BatchWriter(store, source, lock, progress) as writer,
            ):
                with closing(_slices(preparer, source.images, options, stop, progress)) as slices:
                    for batch in batches_of(slices, queue, options.batch_size):
                        stopped = stop.is_set()
                        finish = batch.is_last and not stopped
                        if finish and comparer.own_items is not None:
                            try:
                                batch.gone = items_to_prune(comparer.own_items, source, options, progress)
                            except PruneRefused as error:
                                refused = error
                        writer.commit(batch, finish=finish, stopped=batch.is_last and stopped)
                writer.wait()
                if stop.is_set():
                    raise KeyboardInterrupt
        finally:
            progress.stage_seconds["decode"] += preparer.seconds
            progress.stage_seconds["embed"] += queue.seconds
        progress.enter("writing the index")
        started = time.perf_counter()
    progress.stage_seconds["write"] += time.perf_counter() - started
    if refused is not None:
        raise refused


def _slices(
    preparer: Preparer, source: Source, options: JobOptions, stop: threading.Event, progress: Progress
) -> Generator[Slice, None, None]:
    """Yield the source's slices, prefetched, until the end or until a stop is requested."""
    with closing(prefetch(preparer.slices(source, options.batch_size), _PREFETCHED)) as slices:
        for slice in slices:
            yield slice
            if stop.is_set():
                break
    if stop.is_set():
        progress.enter("stopping after this batch")
