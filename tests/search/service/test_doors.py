"""Who is let in, and what of a request is looked at before that; every route is tried."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from search.service.bounds import MAX_IMAGE_BYTES, MAX_JSON_BYTES, Bounds
from search.service.doors import LOOPBACK, DoorRules, host_name
from tests.search.service.conftest import KEY, OpenClient
from tests.toys import grey, png

JSON = {"Content-Type": "application/json"}

#: A valid request of each route: method, path, body and media type.
ROUTES: tuple[tuple[str, str, bytes | None, str | None], ...] = (
    ("GET", "/livez", None, None),
    ("GET", "/readyz", None, None),
    ("GET", "/metrics", None, None),
    ("GET", "/openapi.json", None, None),
    ("GET", "/docs", None, None),
    ("GET", "/", None, None),
    ("GET", "/v1/explorer", None, None),
    ("GET", "/v1/store", None, None),
    ("GET", "/v1/items/1", None, None),
    ("GET", "/v1/items/1/thumbnail", None, None),
    ("GET", "/v1/items/1/original", None, None),
    ("POST", "/v1/search", b'{"id": 1}', "application/json"),
    ("POST", "/v1/search", png(grey(1)), "image/png"),
    ("POST", "/v1/items/query", b'{"limit": 1}', "application/json"),
    ("POST", "/v1/search/batch", b'{"searches": [{"id": 1}]}', "application/json"),
)
OPEN = ("/livez", "/readyz", "/")
#: Those whose answer is a problem: these items came from no file, and there is no page.
REFUSED = {
    "/v1/items/1/original": (404, "no_original"),
    "/": (404, "no_explorer"),
    "/v1/explorer": (404, "no_explorer"),
}
WITH_KEY = DoorRules(frozenset(LOOPBACK), KEY)


def send(
    client: TestClient, route: tuple[str, str, bytes | None, str | None], **headers: str
) -> tuple[int, str | None]:
    """Return the status and the problem's code of a route's answer."""
    method, path, body, media_type = route
    types = {"Content-Type": media_type} if media_type else {}
    response = client.request(method, path, content=body, headers=types | headers)
    is_problem = response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"] if is_problem else None


def test_every_route_is_tried(client: TestClient) -> None:
    app: Any = client.app
    paths = {route.path for route in app._app._app._app.routes}
    assert paths == {path.replace("/1", "/{id}") for _, path, _, _ in ROUTES}


def test_every_route_answers_this_machine_without_a_key(client: TestClient) -> None:
    # The check of the store is done once the first of them is answered.
    client.get("/livez")
    for route in ROUTES:
        if route[1] != "/readyz":
            assert send(client, route) == REFUSED.get(route[1], (200, None))


def test_with_a_key_every_route_but_health_needs_it(open_client: OpenClient) -> None:
    client = open_client(WITH_KEY)
    for route in ROUTES:
        if route[1] in OPEN:
            assert send(client, route)[0] != 401
            continue
        assert send(client, route) == (401, "key_needed")
        for wrong in (f"Bearer {KEY[:-1]}", f"Bearer {KEY}k", f"Basic {KEY}", KEY, "Bearer", "Bearer \x7f", ""):
            assert send(client, route, Authorization=wrong) == (401, "key_needed")
        assert send(client, route, Authorization=f"Bearer {KEY}") == REFUSED.get(route[1], (200, None))


def test_a_key_in_the_url_is_none(open_client: OpenClient) -> None:
    client = open_client(WITH_KEY)
    assert client.get(f"/v1/store?api_key={KEY}&Authorization=Bearer%20{KEY}").status_code == 401


def test_a_refusal_for_the_key_asks_for_it_and_comes_before_the_path_is_looked_up(open_client: OpenClient) -> None:
    response = open_client(WITH_KEY).get("/no/such/path")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:8765", "127.0.0.1.evil.example", "", "2130706433"]
)
def test_another_host_is_refused_at_every_route(client: TestClient, host: str) -> None:
    assert {send(client, route, Host=host) for route in ROUTES} == {(400, "host_not_allowed")}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8765", "[::1]:8765", "[::1]"])
def test_the_names_of_this_machine_are_allowed_on_any_port(client: TestClient, host: str) -> None:
    assert client.get("/livez", headers={"Host": host}).status_code == 200


def test_a_host_that_is_allowed_is_one_more(open_client: OpenClient) -> None:
    client = open_client(DoorRules(frozenset((*LOOPBACK, "pictures.example"))))
    assert client.get("/livez", headers={"Host": "pictures.example"}).status_code == 200
    assert client.get("/livez", headers={"Host": "www.pictures.example"}).status_code == 400


@pytest.mark.parametrize(
    ("host", "name"), [("A.b:80", "a.b"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("a:b", "a:b"), (":80", "")]
)
def test_the_name_of_a_host_is_without_its_port(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "http://localhost:8765.evil.example"]
)
def test_another_origin_is_refused_at_every_route(client: TestClient, origin: str) -> None:
    assert {send(client, route, Origin=origin) for route in ROUTES} == {(400, "origin_not_allowed")}


def test_its_own_origin_is_let_in_without_any_header_for_others(client: TestClient) -> None:
    response = client.get("/v1/store", headers={"Origin": "http://localhost:8765"})
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_every_response_forbids_to_guess_its_type_and_to_load_anything(client: TestClient) -> None:
    for response in (client.get("/v1/items/1"), client.get("/none"), client.get("/livez", headers={"Host": "x"})):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
        assert len(response.headers["x-request-id"]) == 32


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_than_its_own_are_refused_at_every_route(client: TestClient, method: str) -> None:
    for path in {path for own, path, _, _ in ROUTES if own != method}:
        assert client.request(method, path).status_code == 405


def test_a_search_without_a_body_is_refused(client: TestClient) -> None:
    assert send_body(client, {}, b"") == (415, "media_type")
    assert send_body(client, JSON, b"") == (400, "json_invalid")
    assert send_body(client, {"Content-Type": "image/png"}, b"") == (422, "unreadable_image")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Type": "text/plain"}, 415, "media_type"),
        ({"Content-Type": "image/svg+xml"}, 415, "media_type"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415, "media_type"),
        ({"Content-Type": "application/json", "Content-Length": str(MAX_JSON_BYTES + 1)}, 413, "body_too_large"),
        ({"Content-Type": "image/png", "Content-Length": str(MAX_IMAGE_BYTES + 1)}, 413, "body_too_large"),
        ({"Content-Type": "image/png", "Content-Length": "9" * 30}, 413, "body_too_large"),
        ({"Content-Type": "image/png", "Content-Length": "-1"}, 400, "length_invalid"),
        ({"Content-Type": "image/png", "Content-Length": "1_0"}, 400, "length_invalid"),
    ],
)
def test_what_the_header_says_of_a_body_is_judged_before_it_is_read(
    client: TestClient, headers: dict[str, str], status: int, code: str
) -> None:
    assert send_body(client, headers, b"{}") == (status, code)


def send_body(client: TestClient, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    response = client.post("/v1/search", content=body, headers=headers)
    return response.status_code, response.json()["code"]


def test_a_body_with_get_is_refused(client: TestClient) -> None:
    response = client.request("GET", "/v1/store", content=b"{}", headers=JSON)
    assert (response.status_code, response.json()["code"]) == (400, "body_unexpected")


def test_a_chunked_body_is_counted_while_it_comes(client: TestClient) -> None:
    def chunks() -> Any:
        for _ in range(MAX_JSON_BYTES // 65_536 + 2):
            yield b" " * 65_536

    response = client.post("/v1/search", content=chunks(), headers=JSON)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_bodies_share_a_budget(open_client: OpenClient) -> None:
    client = open_client(bounds=Bounds(body_bytes=10))
    assert client.post("/v1/search", content=b'{"id":  1}', headers=JSON).status_code == 200
    refused = client.post("/v1/search", content=b'{"id":   1}', headers=JSON)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "busy", "1")
    # What was refused takes nothing from those after it.
    assert client.post("/v1/search", content=b'{"id":  1}', headers=JSON).status_code == 200


def test_a_url_that_is_too_long_is_refused(client: TestClient) -> None:
    response = client.get(f"/v1/store?{'a' * 9_000}")
    assert (response.status_code, response.json()["code"]) == (400, "url_too_long")


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "a\x00b", "'; DROP TABLE items"]
)
def test_a_key_is_only_ever_compared(client: TestClient, key: str) -> None:
    response = client.post("/v1/search", json={"key": key})
    assert (response.status_code, response.json()["code"]) == (404, "unknown_item")
    assert client.get("/v1/items/..%2f..%2fetc%2fpasswd").status_code in (404, 422)


def test_a_service_whose_store_has_a_problem_is_alive_and_not_ready(open_client: OpenClient) -> None:
    client = open_client(problem="expected a store that is intact, got 3 problems: run `lookalike store verify`")
    assert client.get("/livez").json() == {"status": "alive"}
    response = client.get("/readyz")
    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
