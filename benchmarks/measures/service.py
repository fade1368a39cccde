"""Measure the service over HTTP beside the library in one run: rates, latency under open-loop load, and memory."""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.common.machine import describe_machine
from benchmarks.common.measurement import HIGHER, LOWER, Measurement, median_of
from benchmarks.common.timing import percentiles_ms, seconds_of
from benchmarks.errors import BenchmarkFailed
from benchmarks.measures.random_store import random_store
from benchmarks.measures.service_process import Connection, ServiceProcess, post_request, service_of
from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.backbone_factory import BackboneFactory, vgg16_factory
from ingest.embedding.recipes import Recipe
from ingest.images.images import Image
from ingest.job import ingest
from ingest.sources import Source, decode_readable
from search import Searcher
from storage.console import right_aligned

#: Serves a store until the end of a block, with VGG16's weights in a file.
OpenService = Callable[[Path, Path | None], AbstractContextManager[ServiceProcess]]

#: Clients that ask at once, and connections of the load, of which one should always be free.
CLIENTS = 8
LOAD_CLIENTS = 32

#: The part of the capacity that is offered when latencies are measured.
LOAD = 0.7

_K = 5

#: Answers that are compared before anything is timed.
_COMPARED = 20


@dataclass(frozen=True)
class ServiceSize:
    """Items; queries by id and pictures of each repeat; and requests during which memory is watched."""

    items: int
    queries: int
    pictures: int
    requests: int
    repeats: int = 3


# 160 photographs are 10 full batches of the network, and 20 of eight clients: each repeat takes a quarter of a minute.
FULL = ServiceSize(items=60_000, queries=2_000, pictures=160, requests=100_000)
QUICK = ServiceSize(items=2_000, queries=100, pictures=40, requests=1_000)


@dataclass(frozen=True)
class ByIdReport:
    """Queries by id per second, of the library and over one connection; latency under load; memory in MiB.

    The times of the processor are those of a query, in milliseconds, in the library's process and in the service's.
    `capacity` is queries per second of all clients together; `load` of it was offered, at random times that were drawn
    beforehand, and `latency` counts from these, in milliseconds. Memory is after a tenth of `requests`, and after all.
    """

    items: int
    library: Measurement
    one_connection: Measurement
    library_cpu_ms: Measurement
    one_connection_cpu_ms: Measurement
    capacity: Measurement
    load: float
    latency: dict[str, float]
    requests: int
    memory_before: float
    memory_after: float


@dataclass(frozen=True)
class ByPictureReport:
    """Pictures per second: of the network in full batches, of the library, `clients` at a time, and of the service."""

    recipe: str
    batch_size: int
    clients: int
    network: Measurement
    at_once: Measurement
    service: Measurement


@dataclass(frozen=True)
class ServiceReport:
    """Both ways to ask, and the machine."""

    by_id: ByIdReport
    by_picture: ByPictureReport
    machine: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def table(self) -> Table:
        """Return the report as a table to print."""
        by_id, by_picture = self.by_id, self.by_picture
        table = Table("", *right_aligned("measured"), "beside", title="The service over HTTP", title_justify="left")
        part = by_id.one_connection.value / by_id.library.value
        table.add_row(
            f"by id of {by_id.items:,} items, one connection",
            str(by_id.one_connection),
            f"{part:.2f} of the library's {by_id.library}",
        )
        of_library = f"{by_id.library_cpu_ms} of the library's process"
        table.add_row("processor, a query by id", str(by_id.one_connection_cpu_ms), of_library)
        table.add_row(f"by id, {CLIENTS} connections", str(by_id.capacity), "")
        latency = by_id.latency
        table.add_row(
            f"latency at {by_id.load:.0%} of that",
            f"{latency['p50_ms']:.2f} ms, 99th percentile {latency['p99_ms']:.2f} ms",
            f"{latency['p99_ms'] / latency['p50_ms']:.1f} times the median",
        )
        table.add_row(
            f"memory after {by_id.requests:,} requests",
            f"{by_id.memory_after:,.0f} MiB",
            f"{by_id.memory_before:,.0f} MiB after a tenth of them",
        )
        share = by_picture.service.value / by_picture.at_once.value
        table.add_row(
            f"by picture, {by_picture.recipe}, {by_picture.clients} clients",
            str(by_picture.service),
            f"{share:.2f} of {by_picture.at_once} of the network, {by_picture.clients} at a time; "
            f"{by_picture.network} in full batches of {by_picture.batch_size}",
        )
        return table


def measure_service(
    source: Source,
    recipe: Recipe,
    size: ServiceSize = FULL,
    *,
    weights: Path | None = None,
    make_backbone: BackboneFactory | None = None,
    open_service: OpenService = service_of,
    on_stage: Callable[[str], None] = lambda _: None,
) -> ServiceReport:
    """Measure a store of random vectors by id, and one of a source's pictures by picture; raise BenchmarkFailed."""
    with tempfile.TemporaryDirectory(prefix="lookalike-") as folder:
        on_stage(f"service: {size.items:,} items by id")
        by_id = _by_id(Path(folder), size, open_service)
        on_stage(f"service: pictures, {recipe.name}")
        pictures = Path(folder, "pictures")
        factory = make_backbone or vgg16_factory(weights)
        ingest(source, pictures, recipe=recipe, make_backbone=factory)
        by_picture = _by_picture(pictures, source, recipe, size, factory, lambda store: open_service(store, weights))
    return ServiceReport(by_id, by_picture, describe_machine())


def _by_id(folder: Path, size: ServiceSize, open_service: OpenService) -> ByIdReport:
    with random_store(size.items, folder) as store:
        location = store.folder
    ids = np.random.default_rng(1).integers(0, size.items, size.queries).tolist()
    requests = [_id_request(id) for id in ids]
    with ExitStack() as stack:
        searcher = stack.enter_context(Searcher.open(location))
        service = stack.enter_context(open_service(location, None))
        for id, answer in zip(ids, ask_all(service, requests[:_COMPARED], clients=1), strict=False):
            _require_same(answer, searcher.by_id(id, _K).as_json())
        # Both in turn, so that what else the machine does meets both alike.
        library, alone, capacity, library_cpu, alone_cpu = [], [], [], [], []
        for _ in range(size.repeats):
            started = time.process_time()
            library.append(size.queries / seconds_of(lambda: [searcher.by_id(id, _K) for id in ids]))
            library_cpu.append(time.process_time() - started)
            started = service.processor_seconds()
            alone.append(size.queries / seconds_of(lambda: ask_all(service, requests, clients=1)))
            alone_cpu.append(service.processor_seconds() - started)
            capacity.append(size.queries / seconds_of(lambda: ask_all(service, requests)))
        rate = float(np.median(capacity))
        latencies = offer_load(service, requests, LOAD * rate)
        many = [requests[number % len(requests)] for number in range(size.requests)]
        ask_all(service, many[: size.requests // 10])
        before = service.memory_mib()
        ask_all(service, many[size.requests // 10 :])
        after = service.memory_mib()
    return ByIdReport(
        items=size.items,
        library=_rate(library, size.queries),
        one_connection=_rate(alone, size.queries),
        library_cpu_ms=_per_query(library_cpu, size.queries),
        one_connection_cpu_ms=_per_query(alone_cpu, size.queries),
        capacity=_rate(capacity, size.queries),
        load=LOAD,
        latency=percentiles_ms(latencies),
        requests=size.requests,
        memory_before=round(before, 1),
        memory_after=round(after, 1),
    )


def _by_picture(
    folder: Path,
    source: Source,
    recipe: Recipe,
    size: ServiceSize,
    make_backbone: BackboneFactory,
    open_service: Callable[[Path], AbstractContextManager[ServiceProcess]],
) -> ByPictureReport:
    images = [image for (_, image), _ in zip(decode_readable(source), range(size.pictures), strict=False)]
    encoded = [_png(image) for image in images]
    requests = [post_request(f"/v1/search?k={_K}", "image/png", picture) for picture in encoded]
    parts = [images[start : start + CLIENTS] for start in range(0, len(images), CLIENTS)]
    made: list[Backbone] = []

    def make(*asked: Any) -> Backbone:
        made.append(make_backbone(*asked))
        return made[-1]

    with ExitStack() as stack:
        searcher = stack.enter_context(Searcher.open(folder, make_backbone=make))
        service = stack.enter_context(open_service(folder))
        # The service gets them all at once, the library one after another.
        answers = ask_all(service, requests[:_COMPARED])
        for answer, picture in zip(answers, encoded[:_COMPARED], strict=True):
            _require_same(answer, searcher.by_image(picture, _K).as_json())
        network, at_once, served = [], [], []
        for _ in range(size.repeats):
            network.append(len(images) / seconds_of(lambda: searcher.embed(images)))
            at_once.append(len(images) / seconds_of(lambda: [searcher.embed(part) for part in parts]))
            served.append(len(images) / seconds_of(lambda: ask_all(service, requests)))
    rates = (_rate(rates, len(images)) for rates in (network, at_once, served))
    return ByPictureReport(recipe.name, made[-1].batch_size, CLIENTS, *rates)


def ask_all(service: ServiceProcess, requests: Sequence[bytes], *, clients: int = CLIENTS) -> list[bytes]:
    """Return the answers to requests, each client asking for the next as soon as it is answered."""
    answers = [b""] * len(requests)

    def ask(connection: Connection, number: int) -> None:
        answers[number] = connection.ask(requests[number])

    _share_out(service, clients, len(requests), ask)
    return answers


def offer_load(service: ServiceProcess, requests: Sequence[bytes], rate: float) -> NDArray[np.float64]:
    """Return the seconds from each request's arrival to its answer, (n,); they arrive by a Poisson process of `rate`.

    The arrivals are drawn beforehand and wait for no answer: what waits for a free connection counts.
    """
    arrivals = np.cumsum(np.random.default_rng(2).exponential(1 / rate, len(requests)))
    latencies = np.empty(len(requests))
    started = time.perf_counter()

    def ask(connection: Connection, number: int) -> None:
        early = started + arrivals[number] - time.perf_counter()
        if early > 0:
            time.sleep(early)
        connection.ask(requests[number])
        latencies[number] = time.perf_counter() - started - arrivals[number]

    _share_out(service, LOAD_CLIENTS, len(requests), ask)
    return latencies


def _share_out(service: ServiceProcess, clients: int, count: int, ask: Callable[[Connection, int], None]) -> None:
    """Call a function with the numbers below `count` in order, in so many threads, each with a new connection."""
    numbers = iter(range(count))
    lock = threading.Lock()

    def work(_: int) -> None:
        with closing(service.connect()) as connection:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                ask(connection, number)

    with ThreadPoolExecutor(clients) as threads:
        list(threads.map(work, range(clients)))


def _id_request(id: int) -> bytes:
    return post_request("/v1/search", "application/json", json.dumps({"id": id, "k": _K}).encode())


def _require_same(answer: bytes, expected: dict[str, Any]) -> None:
    """Raise BenchmarkFailed unless an answer is the library's, to the last bit."""
    if json.loads(answer) != json.loads(json.dumps(expected)):
        raise BenchmarkFailed(f"expected the answer of the library, {expected}, got {answer!r}")


def _png(image: Image) -> bytes:
    encoded, data = cv2.imencode(".png", image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not encoded:
        raise BenchmarkFailed(f"expected an image that can be encoded, got one of shape {image.shape}")
    return data.tobytes()


def _rate(rates: Sequence[float], samples: int) -> Measurement:
    return median_of(rates, "/s", HIGHER, samples * len(rates))


def _per_query(seconds: Sequence[float], queries: int) -> Measurement:
    return median_of([1_000 * repeat / queries for repeat in seconds], "ms", LOWER, queries * len(seconds))
