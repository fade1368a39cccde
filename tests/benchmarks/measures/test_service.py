"""The service is measured after its answers were compared with the library's."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="THE MEASUREMENT OF THE SERVICE IS NOT TESTED: fastapi is not installed")

from benchmarks.errors import BenchmarkFailed
from benchmarks.measures import service as module
from benchmarks.measures.service import CLIENTS, ServiceSize, measure_service
from benchmarks.measures.service_process import Connection, ServiceProcess, get_request
from tests.search.service.served import served
from tests.toys import TOY, grey_source, toy_backbone

pytestmark = pytest.mark.heavy

SIZE = ServiceSize(items=300, queries=30, pictures=20, requests=100, repeats=1)
SOURCE = grey_source({str(level): level for level in range(0, 240, 10)})


@contextmanager
def toy_service(store: Path, _: Path | None) -> Iterator[ServiceProcess]:
    """Serve a store with a toy for a network."""
    with served(store, toy=True) as service:
        yield ServiceProcess(service.process, service.port)


def test_both_ways_to_ask_are_measured() -> None:
    report = measure_service(SOURCE, TOY, SIZE, make_backbone=toy_backbone(), open_service=toy_service)
    by_id, by_picture = report.by_id, report.by_picture
    assert (by_id.items, by_id.requests, by_id.load) == (300, 100, 0.7)
    assert 0 < by_id.latency["p50_ms"] <= by_id.latency["p99_ms"]
    assert min(by_id.library.value, by_id.one_connection.value, by_id.capacity.value) > 0
    assert min(by_id.memory_before, by_id.memory_after) > 10
    assert (by_picture.recipe, by_picture.batch_size, by_picture.clients) == ("toy", 8, CLIENTS)
    assert min(by_picture.network.value, by_picture.at_once.value, by_picture.service.value) > 0
    assert len(report.table().rows) == 6
    assert json.loads(json.dumps(report.as_json()))["by_id"]["items"] == 300


def test_another_answer_than_the_librarys_ends_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_id_request", lambda _, request=module._id_request: request(7))
    with pytest.raises(BenchmarkFailed, match=r"^expected the answer of the library, "):
        measure_service(SOURCE, TOY, SIZE, make_backbone=toy_backbone(), open_service=toy_service)


def test_a_request_that_there_was_no_time_for_is_asked_again() -> None:
    assert answer_of(b"503 Service Unavailable", b"200 OK") == b"200 OK"
    with pytest.raises(BenchmarkFailed, match=r"^expected an answer of the service, got b'404 Not Found'$"):
        answer_of(b"404 Not Found")


def answer_of(*statuses: bytes) -> bytes:
    """Return what is answered by a server that gives its answers, each the status for a body too, in this order."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            for status in statuses:
                connection.recv(65_536)
                head = f"HTTP/1.1 {status.decode()}\r\nContent-Length: {len(status)}\r\n\r\n"
                connection.sendall(head.encode() + status)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve)
        server.start()
        try:
            with closing(Connection(listener.getsockname()[1])) as connection:
                return connection.ask(get_request("/livez"))
        finally:
            server.join()
