"""A service under attack and under load: it goes on, and gives right answers or none."""

import json
import selectors
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from fastapi.testclient import TestClient

from search.service.serve import read_api_key
from storage import Embedding, NewItem, Store
from tests.search.service.conftest import KEY, OpenClient
from tests.search.service.served import Served, served
from tests.search.service.test_doors import ROUTES, send

BODY = b'{"id": 0}'
REQUEST = (
    b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    + f"Content-Length: {len(BODY)}\r\n\r\n".encode()
    + BODY
)


def point_store(folder: Path, keys: str) -> Path:
    """Create a store of points on a line, nearest to the first in the order of their keys."""
    with Store.create(folder, Embedding(1, "f" * 64)) as store:
        store.append([NewItem(key, key.encode()) for key in keys], np.arange(len(keys), dtype=np.float32)[:, None])
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return point_store(tmp_path / "store", "abc")


def test_no_route_changes_the_store(open_client: OpenClient, folder: Path) -> None:
    client = open_client(originals=True)
    before = files(folder)
    for route in ROUTES:
        send(client, route)
    assert files(folder) == before


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_websocket_is_refused(client: TestClient) -> None:
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/v1/search"):
        pass


def test_a_key_is_read_from_the_environment_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LOOKALIKE_API_KEY", raising=False)
    assert read_api_key(None) is None
    monkeypatch.setenv("LOOKALIKE_API_KEY", KEY)
    assert read_api_key(None) == KEY
    (tmp_path / "key").write_text("x" * 40 + "\n")
    assert read_api_key(tmp_path / "key") == "x" * 40


@pytest.mark.heavy
def test_ten_thousand_requests_at_once_are_answered_or_refused_and_the_service_lives(store: Path) -> None:
    with served(store) as service:
        statuses = [status_of(answer) for answer in answers_at_once(service.port, 10_000)]
        assert set(statuses) <= {200, 503, None}
        assert 200 in statuses
        service.wait_for("/livez", 200)
        assert [hit["key"] for hit in service.search({"id": 0})[1]["hits"]] == ["b", "c"]


def answers_at_once(port: int, count: int) -> list[bytes]:
    """Return what comes of requests on so many connections at once, nothing where one is refused."""
    answers: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            try:
                connection = socket.socket()
            except OSError:  # This process may have too few descriptors for all.
                answers.append(b"")
                continue
            connection.setblocking(False)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                # Where the service's queue is full Linux would go on trying for minutes; in milliseconds.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 5_000)
            connection.connect_ex(("127.0.0.1", port))
            selector.register(connection, selectors.EVENT_WRITE, [])
        while selector.get_map():
            for key, events in selector.select():
                connection, parts = cast("socket.socket", key.fileobj), key.data
                try:
                    if events & selectors.EVENT_WRITE:
                        connection.send(REQUEST)
                        selector.modify(connection, selectors.EVENT_READ, parts)
                        continue
                    part = connection.recv(65_536)
                except OSError:
                    part = b""
                if part:
                    parts.append(part)
                else:
                    answers.append(b"".join(parts))
                    selector.unregister(connection)
                    connection.close()
    return answers


def status_of(answer: bytes) -> int | None:
    """Return the status of an answer, None for no answer and -1 for a wrong one."""
    if not answer.startswith(b"HTTP/1.1 200 "):
        return int(answer.split()[1]) if answer else None
    keys = [hit["key"] for hit in json.loads(answer.partition(b"\r\n\r\n")[2])["hits"]]
    return 200 if keys == ["b", "c"] else -1


def test_a_store_that_is_replaced_is_noticed(store: Path, tmp_path: Path) -> None:
    other = point_store(tmp_path / "other", "xyzw")
    with served(store) as service:
        service.wait_until_ready()
        store.rename(tmp_path / "old")
        other.rename(store)
        wait_for_keys(service, ["y", "z", "w"])
        # What is gone leaves it alive and not ready, until there is one again.
        shutil.move(store, other)
        service.wait_for("/readyz", 503)
        service.wait_for("/livez", 200)
        shutil.move(other, store)
        service.wait_for("/readyz", 200)
        wait_for_keys(service, ["y", "z", "w"])


def wait_for_keys(service: Served, expected: list[str]) -> None:
    for _ in range(3_000):
        status, document = service.search({"id": 0})
        # Right answers or none, at any time.
        keys = [hit["key"] for hit in document["hits"]] if status == 200 else None
        assert keys in (None, ["b", "c"], ["y", "z", "w"])
        if keys == expected:
            return
    raise AssertionError("the store in its place was not noticed")


@pytest.fixture
def load() -> Iterator["Load"]:
    running = Load()
    yield running
    running.stop()


class Load:
    """Clients that search again and again, and what they were answered."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self.answers: list[tuple[int, object]] = []

    def start(self, service: Served, clients: int = 4) -> None:
        for _ in range(clients):
            thread = threading.Thread(target=self._search, args=(service,))
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _search(self, service: Served) -> None:
        import http.client

        while not self._stopped.is_set():
            try:
                self.answers.append(service.search({"id": 0}))
            except (OSError, http.client.HTTPException):
                self._stopped.wait(0.01)


@pytest.mark.heavy
def test_a_service_that_is_killed_under_load_starts_again_and_gave_no_wrong_answer(store: Path, load: Load) -> None:
    with served(store) as service:
        load.start(service)
        while len(load.answers) < 20:
            assert service.process.poll() is None
        service.process.send_signal(signal.SIGKILL)
        service.process.wait()
        before = len(load.answers)
        with served(store, service.port) as again:
            while len(load.answers) < before + 20:
                assert again.process.poll() is None
            load.stop()
    keys = {tuple(hit["key"] for hit in document["hits"]) for status, document in load.answers if status == 200}  # type: ignore[index]
    assert keys == {("b", "c")}
    assert {status for status, _ in load.answers} <= {200, 503}
    with Store.open(store) as reader:
        assert reader.verify() == []
