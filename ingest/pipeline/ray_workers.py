"""Decode and embed on Ray Data, on this machine or a cluster; the only file that imports Ray.

The source is read here, so that it need not be anywhere else. Its slices are decoded by whichever worker is free, and
embedded by actors, which load the network once. They come back in the source's order and are committed here: a store
has the same ids whoever embedded, and a slice that was computed again, since a worker died, is still written once.
"""

import asyncio
import logging
import os
import pickle
import socket
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.embedder import Embedder
from ingest.embedding.network.backbone import Floats, MakeBackbone
from ingest.embedding.network.precision import Asked, precision_of
from ingest.embedding.recipes import Recipe, recipe_of
from ingest.errors import UnreadableImage, WorkersUnusable
from ingest.images.images import Image
from ingest.pipeline.prepare import Preparer, Slice
from ingest.sources import Source, SourceImage
from ingest.sources.source import unusable
from storage import Embedding
from storage.extras import require_extra
from storage.types.items import is_text

#: Images that go to a worker together.
SLICE = 128

#: Slices that are read ahead of what is committed.
_AHEAD = 48

#: The share of a processor that decoding a slice takes; the actors have the rest.
_DECODING = 0.25

#: How long a cluster's address is tried, in seconds.
_CONNECT_TIMEOUT_S = 10.0

Contents = Callable[[Sequence[str]], Mapping[str, bytes]]
Row = dict[str, Any]


@dataclass(frozen=True)
class Workers:
    """Where to embed: on a cluster's address or this machine; by so many actors, or one for each processor or GPU."""

    address: str | None = None
    count: int | None = None


class Embedded:
    """Stands where an embedder does when the inputs are vectors already."""

    batch_size = SLICE

    def remembers(self, _input: Floats) -> bool:
        """Tell that nothing is kept here."""
        return False

    def embed_inputs(self, inputs: Sequence[Floats]) -> Floats:
        """Return the vectors, (n, dim) float32."""
        return np.array(inputs, np.float32)


class RayPreparer:
    """Does what a `Preparer` does, and embeds as well: the inputs of its slices are vectors."""

    def __init__(
        self, embedding: Embedding, contents: Contents, network: MakeBackbone, precision: Asked, workers: Workers
    ) -> None:
        require_extra("ray", "ray")
        self._embedding = embedding
        self._contents = contents
        self._network = network
        self._precision = precision_of(embedding) if precision == "auto" else precision
        self._workers = workers
        self.seconds = 0.0

    def slices(self, inputs: Source, most: int) -> Generator[Slice, None, None]:
        """Walk the inputs of a source in slices of at most `most`, in order; raise WorkersUnusable."""
        size = min(most, SLICE)
        blocks = [{"number": number} for number in range(-(-len(inputs) // size))]
        if not blocks:
            return
        with _cluster(self._workers) as ray, _our_errors():
            actors = self._workers.count or _processors(ray)
            shelf = ray.remote(num_cpus=0)(_Shelf).remote(_AHEAD)
            reader = threading.Thread(
                target=self._fill, args=(ray, shelf, inputs, size), name="reading for workers", daemon=True
            )
            reader.start()
            gpus = float(ray.cluster_resources().get("GPU", 0))
            share = {"num_gpus": min(1.0, gpus / actors)} if gpus else {"num_cpus": _share(ray, actors)}
            rows = (
                ray.data.from_items(blocks, override_num_blocks=len(blocks))
                .map(partial(_prepared, shelf, recipe_of(self._embedding)), num_cpus=_DECODING)
                .map(
                    _Embed,
                    fn_constructor_args=(self._embedding, self._network, self._precision),
                    compute=ray.data.ActorPoolStrategy(size=actors),
                    **share,
                )
                .iter_rows()
            )
            for number, row in enumerate(rows):
                shelf.drop.remote(number)
                yield pickle.loads(row["slice"])  # noqa: S301 -- our own workers wrote it

    def _fill(self, ray: Any, shelf: Any, inputs: Iterable[SourceImage], size: int) -> None:
        """Read the source and put its slices where workers find them, with what is stored of them."""
        walked = iter(inputs)
        for number in count():
            some = list(islice(walked, size))
            if not some:
                return
            stored = self._contents([one.key for one in some if is_text(one.key)])
            data = pickle.dumps(([_read(one) for one in some], dict(stored)))
            ray.get(shelf.put.remote(number, data))


class _Shelf:
    """Slices that were read and whose vectors are not here yet; a worker that takes over another's finds them again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._slices: dict[int, bytes] = {}
        self._changed = asyncio.Condition()

    async def put(self, number: int, data: bytes) -> None:
        """Keep a slice, when there is room."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._slices) < self._most)
            self._slices[number] = data
            self._changed.notify_all()

    async def get(self, number: int) -> bytes:
        """Return a slice, when it was read."""
        async with self._changed:
            await self._changed.wait_for(lambda: number in self._slices)
            return self._slices[number]

    async def drop(self, number: int) -> None:
        """Let go of a slice."""
        async with self._changed:
            self._slices.pop(number, None)
            self._changed.notify_all()


def _prepared(shelf: Any, recipe: Recipe, row: Row) -> Row:
    """Decode a slice, on a worker."""
    import ray

    inputs, stored = pickle.loads(ray.get(shelf.get.remote(int(row["number"]))))  # noqa: S301
    preparer = Preparer(recipe, lambda _keys: stored)
    whole = Slice()
    for some in preparer.slices(inputs, len(inputs)):
        whole.ready.extend(some.ready)
        whole.unchanged.extend(some.unchanged)
        whole.rejects.extend(some.rejects)
    return {"slice": pickle.dumps(whole)}


class _Embed:
    """Embeds slices, in an actor that loads the network once."""

    def __init__(self, embedding: Embedding, network: MakeBackbone, precision: Asked) -> None:
        self._embedder = Embedder.restore(embedding, network(recipe_of(embedding), precision))

    def __call__(self, row: Row) -> Row:
        prepared: Slice = pickle.loads(row["slice"])  # noqa: S301
        vectors: NDArray[np.float32] = self._embedder.embed_inputs([ready.input for ready in prepared.ready])
        ready = [replace(one, input=vector) for one, vector in zip(prepared.ready, vectors, strict=True)]
        return {"slice": pickle.dumps(replace(prepared, ready=ready))}


def _read(image: SourceImage) -> SourceImage:
    """Return an image with its content in place of the way to it, or with the reason why it cannot be read."""
    try:
        return replace(image, read=partial(_content, image.read()))
    except UnreadableImage as error:
        return replace(image, read=unusable(image.key, str(error)).read)


def _content(content: bytes | Image) -> bytes | Image:
    return content


def _processors(ray: Any) -> int:
    resources = ray.cluster_resources()
    return max(1, int(resources.get("GPU", 0)) or int(resources.get("CPU", 1)))


def _share(ray: Any, actors: int) -> float:
    """Return the processors that an actor takes, so that some is left for decoding."""
    processors = float(ray.cluster_resources().get("CPU", 1))
    return round(min(1.0, max(processors - 2 * _DECODING, processors / 2) / actors), 2)


@contextmanager
def _cluster(workers: Workers) -> Iterator[Any]:
    """Give Ray, connected to a cluster or started on this machine, and stopped again if it was."""
    # Nothing is reported to anybody, and what goes wrong is said once, by the error.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray
    import ray.data

    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    begun = not ray.is_initialized()
    if begun:
        try:
            _require_listening(workers.address)
            ray.init(address=workers.address, include_dashboard=False, log_to_driver=False, logging_level="error")
        except (OSError, RuntimeError, ValueError) as error:
            raise WorkersUnusable(
                f"expected a Ray cluster at {workers.address or 'this machine'}, got '{' '.join(str(error).split())}': "
                "start it, or change --ray-address"
            ) from error
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    try:
        yield ray
    finally:
        if begun:
            ray.shutdown()


def _require_listening(address: str | None) -> None:
    """Raise OSError when nobody listens at `host:port`, which Ray would try for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), _CONNECT_TIMEOUT_S).close()


@contextmanager
def _our_errors() -> Iterator[None]:
    from ray.exceptions import RayError

    try:
        yield
    except RayError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, Exception) and type(cause).__module__.split(".")[0] in ("ingest", "storage"):
            raise cause from error
        said = " ".join(str(error).splitlines()[-1:])
        raise WorkersUnusable(
            f"expected Ray's workers to embed, got '{said[:300]}': everything acknowledged so far is kept; run the "
            "same command again"
        ) from error
