"""Each attack at every route, with and without a key and from another Host."""

import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from search.service.doors import LOOPBACK, DoorRules
from tests.search.service.conftest import KEY, OpenClient
from tests.search.service.served import Served, served
from tests.search.service.test_attacks import point_store
from tests.search.service.test_doors import OPEN, ROUTES
from tests.search.service.test_server import received
from tests.toys import grey, png

#: Whether the service has a key, and what is sent to come in.
DOORS: dict[str, tuple[bool, dict[str, str]]] = {
    "no key needed": (False, {}),
    "key": (True, {"Authorization": f"Bearer {KEY}"}),
    "no key": (True, {}),
    "wrong key": (True, {"Authorization": f"Bearer {KEY}k"}),
    "wrong host": (False, {"Host": "evil.example"}),
    "key, wrong host": (True, {"Authorization": f"Bearer {KEY}", "Host": "evil.example"}),
}

Answer = tuple[int, str | None]


def refusal(door: str, path: str) -> Answer | None:
    """Return what a door answers before anything of a request's body is looked at, None where it lets it in."""
    if "host" in door:
        return (400, "host_not_allowed")
    return (401, "key_needed") if door in ("no key", "wrong key") and path not in OPEN else None


def bomb() -> bytes:
    """Return a small picture that claims to have 60,000 by 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(10**6))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


#: A body, its media type, what a search answers to it, and what other routes do that take a body.
BODIES: dict[str, tuple[bytes, str, Answer, Answer]] = {
    "path": (b'{"key": "../../etc/passwd"}', "application/json", (404, "unknown_item"), (422, "request_invalid")),
    "bomb": (bomb(), "image/png", (422, "unreadable_image"), (415, "media_type")),
    "cut picture": (png(grey(3, 20))[:60], "image/png", (422, "unreadable_image"), (415, "media_type")),
    "deep": (b"[" * 10**5, "application/json", (400, "json_invalid"), (400, "json_invalid")),
    "infinite": (b'{"vector": [1e400]}', "application/json", (422, "request_invalid"), (422, "request_invalid")),
    "program": (b"<svg/>", "image/svg+xml", (415, "media_type"), (415, "media_type")),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_attacks_is_refused(open_client: OpenClient, name: str, door: str) -> None:
    has_key, headers = DOORS[door]
    body, media_type, of_search, of_others = BODIES[name]
    client = open_client(DoorRules(frozenset(LOOPBACK), KEY if has_key else None))
    for method, path, _, _ in ROUTES:
        own = of_search if path == "/v1/search" else of_others if method == "POST" else (400, "body_unexpected")
        response = client.request(method, path, content=body, headers={"Content-Type": media_type} | headers)
        assert (response.status_code, response.json()["code"]) == (refusal(door, path) or own), path


@pytest.mark.parametrize("door", DOORS)
def test_a_path_that_climbs_leads_nowhere(open_client: OpenClient, door: str) -> None:
    has_key, headers = DOORS[door]
    client = open_client(DoorRules(frozenset(LOOPBACK), KEY if has_key else None), originals=True)
    for climb in ("..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "1/../../../etc/passwd", "..\\..\\etc\\passwd"):
        for method, path, _, _ in ROUTES:
            response = client.request(method, f"{path.rstrip('/')}/{climb}", headers=headers)
            assert response.status_code in (400, 401, 404, 405, 422), path
            assert "root:" not in response.text


@pytest.mark.parametrize("door", DOORS)
def test_a_store_that_is_damaged_meanwhile_gives_right_answers_or_none(
    open_client: OpenClient, folder: Path, door: str
) -> None:
    has_key, headers = DOORS[door]
    client = open_client(DoorRules(frozenset(LOOPBACK), KEY if has_key else None))
    right = {route[:3]: ask(client, route, headers) for route in ROUTES}
    (folder / "catalog.sqlite").write_bytes(b"no catalog" * 1_000)
    for route in ROUTES:
        answer = ask(client, route, headers)
        assert answer[0] == 503 or answer == right[route[:3]] or route[1] in ("/metrics", "/readyz")
        assert refusal(door, route[1]) is None or answer == right[route[:3]]
        assert str(folder) not in answer[1]


def ask(
    client: TestClient, route: tuple[str, str, bytes | None, str | None], headers: dict[str, str]
) -> tuple[int, str]:
    method, path, body, media_type = route
    types = {"Content-Type": media_type} if media_type else {}
    response = client.request(method, path, content=body, headers=types | headers)
    return response.status_code, response.text


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Served]]:
    """Yield a service without a key and one with, which wait a second for a body."""
    store = point_store(tmp_path_factory.mktemp("points") / "store", "abc")
    with served(store, seconds=1.0) as open_to_all, served(store, seconds=1.0, api_key=KEY) as closed:
        yield {False: open_to_all, True: closed}


@pytest.mark.parametrize("door", DOORS)
def test_a_slow_body_is_refused_and_not_waited_for_where_nobody_may_come_in(
    services: dict[bool, Served], door: str
) -> None:
    has_key, headers = DOORS[door]
    connections = [connection_with(services[has_key], route, headers, missing=5) for route in ROUTES]
    for connection, (method, path, _, _) in zip(connections, ROUTES, strict=True):
        with connection:
            status, _ = refusal(door, path) or (408 if method == "POST" else 400, None)
            assert connection.recv(65_536).startswith(f"HTTP/1.1 {status} ".encode()), path


@pytest.mark.parametrize("door", DOORS)
def test_a_body_longer_than_it_says_is_no_second_request(services: dict[bool, Served], door: str) -> None:
    has_key, headers = DOORS[door]
    for route in ROUTES:
        with connection_with(services[has_key], route, headers, more=b"GET /v1/store HTTP/1.1\r\n") as connection:
            answer = received(connection)
        # What follows the first answer, if anything, is that the rest is no request.
        statuses = [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]
        assert statuses[0] in (expected := refusal(door, route[1]) or (200, 404, 422, 503)), (route, expected)
        assert statuses[1:] in ([], [400])


def connection_with(
    service: Served,
    route: tuple[str, str, bytes | None, str | None],
    headers: dict[str, str],
    *,
    missing: int = 0,
    more: bytes = b"",
) -> socket.socket:
    """Return a connection on which a route was asked, with bytes of its body that are missing, or more than it has."""
    method, path, body, media_type = route
    lines = {"Host": "localhost", "Content-Type": media_type or "application/json"} | headers
    if size := len(body or b"") + missing:
        lines["Content-Length"] = str(size)
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    connection = service.connect()
    connection.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + (body or b"") + more)
    return connection
