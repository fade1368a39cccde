"""Decode and embed on Ray Data, on this machine or on a cluster.

The source is read in this process and compared with the store, so that no other needs access to either. What is new is
decoded by whichever worker is free, and embedded by actors, which load the network once. The slices come back in the
source's order and are committed here: a store has the same ids wherever it is embedded, and a slice that is computed
again, because a worker died, is written once.
"""

import asyncio
import itertools
import pickle
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ingest.embedding.embedder import Embedder
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.recipes import Recipe, recipe_of
from ingest.pipeline.compare import Compared, Comparer, NewContent
from ingest.pipeline.options import JobOptions, Workers
from ingest.pipeline.prepare import PreparedImage, Slice, decoded
from ingest.pipeline.ray_cluster import cluster_resource, ray, ray_cluster, translated
from ingest.sources import Source, SourceImage
from storage import Embedding

#: Images that go to a worker together.
SLICE = 128

#: The most slices that are read but not yet committed.
_AHEAD = 48

#: The processors that decoding a slice takes; the actors have the rest.
_DECODING_CPUS = 0.25

#: A row of Ray Data.
Row = dict[str, Any]


class EmbeddedInputs:
    """An embedder for inputs that are vectors already."""

    batch_size = SLICE

    def is_cached(self, _input: Float32Array) -> bool:
        """Return False: nothing is cached."""
        return False

    def embed_inputs(self, inputs: Sequence[Float32Array]) -> Float32Array:
        """Return the vectors, (n, dim) float32."""
        return np.array(inputs, np.float32)


class RayPreparer:
    """A preparer that embeds as well: the inputs in its slices are vectors."""

    def __init__(self, embedding: Embedding, comparer: Comparer, options: JobOptions, workers: Workers) -> None:
        self._embedding = embedding
        self._comparer = comparer
        self._make_backbone = options.make_backbone
        self._precision = options.precision_for(embedding)
        self._workers = workers
        self._buffer: Any = None
        self._error: Exception | None = None
        self.seconds = 0.0

    def slices(self, source: Source, limit: int) -> Generator[Slice, None, None]:
        """Yield the source's inputs in order, in slices of at most `limit`; raise WorkersUnusable.

        An error of reading the source is raised after the slices before it, or instead of an error of Ray's.
        """
        size = min(limit, SLICE)
        count = -(-len(source) // size)
        if not count:
            return
        with ray_cluster(self._workers):
            reader = threading.Thread(target=self._read, args=(source, size, count), name="reading")
            try:
                # An attribute: a traceback keeps the variables of its functions, and nothing may outlive the session.
                self._buffer = ray.remote(num_cpus=0)(_SliceBuffer).remote(_AHEAD)
                reader.start()
                with closing(self._embedded(count)) as embedded:
                    for prepared in embedded:
                        if self._error is not None and prepared == Slice():
                            break
                        yield prepared
            except Exception as error:
                if self._error is None:
                    raise translated(error) from error
            finally:
                if self._buffer is not None:
                    # Ends the reader too, which may wait for room.
                    ray.kill(self._buffer)
                    reader.join()
                    self._buffer = None
        if self._error is not None:
            raise self._error

    def _embedded(self, count: int) -> Generator[Slice, None, None]:
        """Yield the embedded slices of the buffer, `count` of them, in order."""
        actors = self._workers.count or max(1, int(cluster_resource("GPU")) or int(cluster_resource("CPU")))
        dataset = (
            ray.data.from_items([{"number": number} for number in range(count)], override_num_blocks=count)
            .map(partial(_prepare, self._buffer, recipe_of(self._embedding)), num_cpus=_DECODING_CPUS)
            .map(
                _EmbedSlice,
                fn_constructor_args=(self._embedding, self._make_backbone, self._precision),
                compute=ray.data.ActorPoolStrategy(size=actors),
                **_actor_resources(actors),
            )
        )
        dataset.context.execution_options.preserve_order = True
        dataset.context.enable_progress_bars = False
        numbers = itertools.count()
        # Blocks, not rows: the iterator of rows starts a thread that keeps a reference and does not end with it.
        for bundle in dataset.iter_internal_ref_bundles():
            for block in ray.get(bundle.block_refs):
                for data in block.column("slice").to_pylist():
                    self._buffer.drop.remote(next(numbers))
                    yield pickle.loads(data)  # noqa: S301 -- our own workers wrote it

    def _read(self, source: Source, size: int, count: int) -> None:
        """Put the `count` slices of the source into the buffer; after an error empty ones, so that no worker waits."""
        images: Iterator[SourceImage] | None = None
        for number in range(count):
            data = pickle.dumps([])
            try:
                if self._error is None:
                    images = images or iter(source)
                    data = self._pickled(itertools.islice(images, size))
            except Exception as error:
                self._error = error
            try:
                ray.get(self._buffer.put.remote(number, data))
            except Exception as error:
                self._error = self._error or translated(error)
                # Workers would wait for this slice.
                ray.kill(self._buffer)
                return

    def _pickled(self, images: Iterable[SourceImage]) -> bytes:
        """Return images as they compare with the store, the new ones with their content."""
        return pickle.dumps([_without_read(outcome) for outcome in self._comparer.compare(list(images))])


class _SliceBuffer:
    """An actor that holds each slice until it is embedded, so that another worker can take over from a dead one."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._slices: dict[int, bytes] = {}
        self._changed = asyncio.Condition()

    async def put(self, number: int, data: bytes) -> None:
        """Add a slice; wait for room."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._slices) < self._capacity)
            self._slices[number] = data
            self._changed.notify_all()

    async def get(self, number: int) -> bytes:
        """Return a slice; wait until it is there."""
        async with self._changed:
            await self._changed.wait_for(lambda: number in self._slices)
            return self._slices[number]

    async def drop(self, number: int) -> None:
        """Remove a slice."""
        async with self._changed:
            self._slices.pop(number, None)
            self._changed.notify_all()


def _prepare(buffer: Any, recipe: Recipe, row: Row) -> Row:
    """Decode a slice, on a worker."""
    compared = pickle.loads(ray.get(buffer.get.remote(int(row["number"]))))  # noqa: S301
    return {"slice": pickle.dumps(decoded(recipe, compared))}


class _EmbedSlice:
    """Replaces the inputs of slices by their vectors, in an actor that loads the network once."""

    def __init__(self, embedding: Embedding, make_backbone: BackboneFactory, precision: PrecisionOption) -> None:
        self._embedder = Embedder.restore(embedding, make_backbone(recipe_of(embedding), precision))

    def __call__(self, row: Row) -> Row:
        prepared: Slice = pickle.loads(row["slice"])  # noqa: S301
        new = [image.input for image in prepared.images if isinstance(image, PreparedImage)]
        vectors = iter(self._embedder.embed_inputs(new) if new else ())
        images = [
            replace(image, input=next(vectors)) if isinstance(image, PreparedImage) else image
            for image in prepared.images
        ]
        return {"slice": pickle.dumps(replace(prepared, images=images))}


def _without_read(outcome: Compared) -> Compared:
    """Return an outcome whose input cannot be read again, and so can be pickled."""
    if not isinstance(outcome, NewContent):
        return outcome
    return replace(outcome, input=replace(outcome.input, read=_nothing))


def _nothing() -> bytes:
    return b""


def _actor_resources(actors: int) -> dict[str, float]:
    """Return what an actor takes: a share of the GPUs, or of the processors that decoding leaves."""
    if gpus := cluster_resource("GPU"):
        return {"num_gpus": min(1.0, gpus / actors)}
    processors = max(1.0, cluster_resource("CPU"))
    return {"num_cpus": round(min(1.0, max(processors - 2 * _DECODING_CPUS, processors / 2) / actors), 2)}
