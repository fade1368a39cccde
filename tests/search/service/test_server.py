"""The service as a process: connections that dawdle, a store that changes, and its end."""

import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from search.__main__ import app
from storage import Embedding, NewItem, Store
from tests.commands import Command
from tests.processes import run_python
from tests.search.service.served import PATIENCE, Served, said, served

#: The header of a search whose body has nine bytes.
HEAD = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"

LINE = [[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]]


def make_line_store(folder: Path) -> Path:
    """Make a store of three points on a line, whose vectors no network made, and return its folder."""
    with Store.create(folder / "store", Embedding(2, "f" * 64)) as store:
        store.append([NewItem(key, key.encode()) for key in "abc"], np.array(LINE, np.float32))
    return folder / "store"


@pytest.fixture
def line_store(tmp_path: Path) -> Path:
    return make_line_store(tmp_path)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield a service for tests that leave it and its store as they are: whatever they send, it answers the next."""
    with served(make_line_store(tmp_path_factory.mktemp("served"))) as service:
        service.wait_until_ready()
        yield service


@pytest.fixture(scope="module")
def hasty_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield a service that waits a second for a request."""
    with served(make_line_store(tmp_path_factory.mktemp("hasty")), seconds=1.0) as service:
        yield service


def keys(answer: tuple[int, object]) -> list[str]:
    status, document = answer
    assert status == 200, document
    assert isinstance(document, dict)
    return [hit["key"] for hit in document["hits"]]


def received(connection: socket.socket) -> bytes:
    """Return all that a connection sends until the other side closes it."""
    data = b""
    while part := connection.recv(65_536):
        data += part
    return data


def test_a_service_becomes_ready_and_answers(service: Served) -> None:
    assert keys(service.search({"id": 0})) == ["b", "c"]


def test_a_newer_batch_is_picked_up(line_store: Path) -> None:
    with served(line_store) as service:
        with Store.open(line_store, writing=True) as writer:
            writer.append([NewItem("d", b"d")], np.array([[0.5, 0]], np.float32))
        wait_for_items(service, 4)
        assert keys(service.search({"id": 0})) == ["d", "b", "c"]


def wait_for_items(service: Served, items: int) -> None:
    for _ in range(3_000):
        if service.get("/v1/store")[1]["items"] == items:
            return
    raise AssertionError("the newer batch was not loaded")


def test_while_a_writer_commits_a_search_waits_and_nothing_else_does(line_store: Path) -> None:
    with served(line_store) as service, ThreadPoolExecutor(1) as threads:
        service.wait_until_ready()
        assert keys(service.search({"id": 0})) == ["b", "c"]
        with closing(sqlite3.connect(line_store / "catalog.sqlite", isolation_level=None)) as writer:
            writer.execute("BEGIN EXCLUSIVE")
            waiting = threads.submit(service.search, {"id": 0})
            assert [service.get("/livez")[0] for _ in range(5)] == [200] * 5
            assert not waiting.done()
            writer.execute("ROLLBACK")
        assert keys(waiting.result()) == ["b", "c"]


def test_a_store_that_is_damaged_is_not_ready_and_gives_no_answer(line_store: Path) -> None:
    with served(line_store) as service:
        service.wait_until_ready()
        (line_store / "catalog.sqlite").write_bytes(b"no catalog" * 1_000)
        service.wait_for("/readyz", 503)
        status, document = service.search({"id": 0})
        assert status == 503
        assert document["code"] in ("store_damaged", "store_unusable")
        assert str(line_store) not in document["detail"]


def test_a_header_that_comes_slowly_ends_its_connection(hasty_service: Served) -> None:
    with hasty_service.connect() as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        assert received(connection) == b""
        with hasty_service.connect() as silent:
            assert received(silent) == b""


def test_a_body_that_comes_slowly_or_is_cut_is_refused(hasty_service: Served) -> None:
    with hasty_service.connect() as connection:
        connection.sendall(HEAD + b'{"id"')
        answer = received(connection)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"body_late"' in answer
    with hasty_service.connect() as connection:
        connection.sendall(HEAD + b'{"id"')
        connection.shutdown(socket.SHUT_WR)
        received(connection)
    assert keys(hasty_service.search({"id": 0})) == ["b", "c"]


def test_a_body_longer_than_it_says_is_no_second_request(service: Served) -> None:
    with service.connect() as connection:
        connection.sendall(HEAD + b'{"id": 0}{"id": 1}')
        answer = received(connection)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.count(b'"hits"') == 1


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: 9\r\nTransfer-Encoding: chunked",
        b"Content-Length: 9\r\nContent-Length: 10",
        b"Host: evil.example",
    ],
)
def test_a_header_with_two_meanings_is_refused(service: Served, header: bytes) -> None:
    with service.connect() as connection:
        connection.sendall(
            b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + header
            + b'\r\n\r\n{"id": 0}'
        )
        connection.shutdown(socket.SHUT_WR)
        answer = received(connection)
        assert b'"hits"' not in answer


def test_more_connections_than_allowed_are_refused_and_the_service_lives(line_store: Path) -> None:
    with served(line_store, connections=8) as service:
        with ThreadPoolExecutor(64) as threads:
            answers = list(threads.map(lambda _: status_of(service), range(1_000)))
        assert set(answers) <= {200, 503, None}
        assert 200 in answers
        service.wait_for("/livez", 200)


def status_of(service: Served) -> int | None:
    """Return the status of a search, None when the connection was refused."""
    try:
        with service.connect() as connection:
            connection.sendall(HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b'{"id": 0}')
            answer = received(connection)
            return int(answer.split()[1]) if answer else None
    except OSError:
        return None


def test_a_service_that_was_killed_serves_again_at_its_port(line_store: Path) -> None:
    with served(line_store) as service:
        port = service.port
        service.process.send_signal(signal.SIGKILL)
    with served(line_store, port) as service:
        assert keys(service.search({"id": 0})) == ["b", "c"]


def test_a_signal_ends_it_after_it_said_so(line_store: Path) -> None:
    with served(line_store) as service:
        service.wait_until_ready()
        service.process.send_signal(signal.SIGTERM)
        service.wait_for("/readyz", 503)
        # As a program that the signal ended, once every answer was given.
        assert service.process.wait(PATIENCE) == -signal.SIGTERM
        assert said(service.errors) == ""


def test_a_port_that_is_taken_is_one_line(service: Served, line_store: Path) -> None:
    done = run_python("-m", "search", "serve", "--store", line_store, "--port", service.port)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == (
        f"error: expected to listen at 127.0.0.1:{service.port}, got '[Errno 98] Address already in use': "
        "choose another --port or --host"
    )


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that runs `search serve` with options in this process, and returns why it does not start."""
    monkeypatch.delenv("LOOKALIKE_API_KEY", raising=False)
    run = Command(app, monkeypatch, capsys)

    def refused(*options: object) -> str:
        status, out, err = run("serve", *options)
        assert (status, out) == (1, "")
        return err

    return refused


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_an_address_that_others_reach_needs_a_key(line_store: Path, host: str, refused: Callable[..., str]) -> None:
    assert refused("--store", line_store, "--host", host) == (
        f"error: expected an API key to serve {host}, which other machines reach: set LOOKALIKE_API_KEY or give "
        "--api-key-file\n"
    )


def test_a_short_key_is_refused(line_store: Path, tmp_path: Path, refused: Callable[..., str]) -> None:
    (tmp_path / "key").write_text("short\n")
    error = refused("--store", line_store, "--api-key-file", tmp_path / "key")
    assert error.startswith("error: expected an API key of at least 32 characters, got 5: make one with")
    assert "short" not in error
