"""Answers over HTTP are those of the library."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from search.results import QueryResult
from search.searcher import Searcher
from search.service.served_store import ServedStore
from storage import Store
from tests.toys import grey, png


def problem(status: int, code: str, detail: str) -> dict[str, Any]:
    titles = {400: "Bad Request", 404: "Not Found", 415: "Unsupported Media Type", 422: "Unprocessable Content"}
    return {"type": "about:blank", "title": titles[status], "status": status, "code": code, "detail": detail}


def asked(client: TestClient, request: dict[str, Any]) -> Any:
    response = client.post("/v1/search", json=request)
    assert response.status_code == 200, response.text
    return response.json()


def library(served: ServedStore, ask: Callable[[Searcher], QueryResult]) -> Any:
    with served.use() as loaded:
        return json.loads(json.dumps(ask(loaded.searcher).as_json()))


SEARCHES: dict[str, tuple[dict[str, Any], Callable[[Searcher], QueryResult]]] = {
    "by id": ({"id": 1}, lambda searcher: searcher.by_id(1)),
    "by key": ({"key": "dark", "k": 1}, lambda searcher: searcher.by_key("dark", 1)),
    "by vector": ({"vector": [0.5] * 4, "k": 2}, lambda searcher: searcher.by_vector([0.5] * 4, 2)),
    "by examples": ({"like": [0, 2], "unlike": [3]}, lambda searcher: searcher.by_examples([0, 2], [3])),
    "within a radius": ({"id": 0, "radius": 1.2}, lambda searcher: searcher.by_id(0, radius=1.2)),
    "with exclusions": ({"id": 0, "exclude": [1]}, lambda searcher: searcher.by_id(0, exclude=[1])),
    "filtered by label": (
        {"id": 1, "where": {"label": "low"}},
        lambda searcher: searcher.by_id(1, where={"label": "low"}),
    ),
    "filtered by number": (
        {"id": 1, "where": {"width": {">=": 8}}},
        lambda searcher: searcher.by_id(1, where={"width": {">=": 8}}),
    ),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_has_the_answer_of_the_library(client: TestClient, served: ServedStore, name: str) -> None:
    request, ask = SEARCHES[name]
    assert asked(client, request) == library(served, ask)


def test_an_image_is_the_body_and_its_options_are_in_the_query(client: TestClient, served: ServedStore) -> None:
    image = png(grey(61))
    response = client.post(
        "/v1/search?k=2&where=label=low&exclude=0", content=image, headers={"Content-Type": "image/png"}
    )
    assert response.status_code == 200
    assert response.json() == library(
        served, lambda searcher: searcher.by_image(image, 2, where={"label": "low"}, exclude=[0])
    )


def test_searches_at_once_are_answered_in_order(client: TestClient, served: ServedStore) -> None:
    response = client.post("/v1/search/batch", json={"searches": [{"id": 1}, {"key": "white", "k": 1}]})
    assert response.json() == {
        "results": [
            library(served, lambda searcher: searcher.by_id(1)),
            library(served, lambda searcher: searcher.by_key("white", 1)),
        ]
    }


def test_an_item_is_read_by_id_with_its_thumbnail(client: TestClient) -> None:
    assert client.get("/v1/items/1").json() == {
        "id": 1,
        "key": "dark",
        "label": "low",
        "metadata": {"width": 8, "height": 8},
    }
    thumbnail = client.get("/v1/items/1/thumbnail")
    assert (thumbnail.status_code, thumbnail.headers["content-type"]) == (200, "image/png")
    assert thumbnail.content.startswith(b"\x89PNG")


def test_the_store_is_described_without_its_place_on_this_machine(client: TestClient, served: ServedStore) -> None:
    with served.use() as loaded:
        searcher = loaded.searcher
        expected = {
            "items": 4,
            "dim": searcher.store.dim,
            "recipe": "toy",
            "fingerprint": searcher.store.embedding.fingerprint,
            "batch": 1,
            "chain": searcher.store.last_batch().chain.hex(),
            "fields": searcher.store.field_names(),
        }
    assert client.get("/v1/store").json() == expected


def test_a_client_that_has_the_newest_answer_is_told_so(client: TestClient) -> None:
    etag = client.get("/v1/items/1").headers["etag"]
    for path in ("/v1/store", "/v1/items/1", "/v1/items/1/thumbnail"):
        response = client.get(path, headers={"If-None-Match": etag})
        assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", etag)


@pytest.mark.parametrize(
    ("body", "status", "code", "detail"),
    [
        ("{", 400, "json_invalid", None),
        ("[1e400]", 422, "request_invalid", None),
        ('{"id": 1e400}', 422, "request_invalid", None),
        ('{"vector": [1e400]}', 422, "request_invalid", None),
        ('{"vector": [NaN]}', 422, "request_invalid", None),
        ("{}", 422, "request_invalid", "expected exactly one of id, key, vector, like, got none"),
        ('{"id": 1, "key": "a"}', 422, "request_invalid", "expected exactly one of id, key, vector, like, got id, key"),
        ('{"id": 1, "ids": 2}', 422, "request_invalid", None),
        ('{"id": 1, "k": 1001}', 422, "request_invalid", None),
        ('{"id": 1, "k": 0}', 422, "request_invalid", None),
        ('{"id": "1"}', 422, "request_invalid", None),
        ('{"id": true}', 422, "request_invalid", None),
        ('{"id": 99999999999999999999999}', 422, "request_invalid", None),
        ('{"id": 99}', 404, "unknown_item", None),
        ('{"key": "\\ud800"}', 400, "json_invalid", None),
        ('{"id": 1, "where": {"lable": "low"}}', 422, "invalid_query", None),
        ('{"id": 1, "where": {"label": {"~": 1}}}', 422, "invalid_query", None),
        ('{"vector": [1, 2, 3]}', 422, "invalid_vectors", None),
        ('{"vector": [1], "fingerprint": "another"}', 422, "other_embedding", None),
        ('{"like": [0], "unlike": [0]}', 422, "invalid_query", None),
        ('{"unlike": [0], "id": 1}', 422, "request_invalid", "expected `like` beside `unlike`"),
        ("[" * 100_000, 400, "json_invalid", None),
    ],
)
def test_a_request_without_meaning_is_a_problem(
    client: TestClient, body: str, status: int, code: str, detail: str | None
) -> None:
    response = client.post("/v1/search", content=body, headers={"Content-Type": "application/json"})
    document = response.json()
    assert (response.status_code, document["code"]) == (status, code), document
    assert response.headers["content-type"] == "application/problem+json"
    assert document == problem(status, code, detail or document["detail"])
    assert document["detail"].startswith("expected")


def test_a_problem_does_not_name_the_place_of_the_store(client: TestClient, folder: Path) -> None:
    for response in (client.get("/v1/items/99"), client.post("/v1/search", json={"key": "no such"})):
        assert response.status_code == 404
        assert str(folder) not in response.text


@pytest.mark.parametrize("path", ["/v1/items/-1", "/v1/items/x", "/v1/items/99999999999999999999", "/v1/items/1.0"])
def test_an_id_that_is_none_is_a_problem(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.json() == problem(422, "request_invalid", "expected an id that is a whole number")


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("k=x", "expected a number for k"),
        ("k=1&k=2", "expected k once, got it 2 times"),
        ("path=/etc/passwd", "expected only k, radius, where, exclude in the URL's query"),
        ("exclude=1e400", None),
        ("radius=NaN", None),
        ("where=label", None),
    ],
)
def test_options_of_an_image_without_meaning_are_a_problem(client: TestClient, query: str, detail: str | None) -> None:
    response = client.post(f"/v1/search?{query}", content=png(grey(1)), headers={"Content-Type": "image/png"})
    assert response.status_code == 422
    assert detail is None or response.json()["detail"] == detail


def test_an_image_that_fails_is_a_problem(client: TestClient) -> None:
    response = client.post("/v1/search", content=b"no image", headers={"Content-Type": "image/png"})
    assert (response.status_code, response.json()["code"]) == (422, "unreadable_image")


def test_a_radius_with_too_many_hits_is_a_problem(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.service.answers.MAX_RADIUS_HITS", 2)
    response = client.post("/v1/search", json={"id": 0, "radius": 5})
    assert (response.status_code, response.json()["code"]) == (422, "too_many_hits")
    assert len(asked(client, {"id": 0, "radius": 1.3})["hits"]) == 2


def test_the_description_is_of_these_routes_and_its_examples_are_requests(client: TestClient) -> None:
    from search.service.requests import BatchRequest, ItemsRequest, SearchRequest

    description = client.get("/openapi.json").json()
    assert sorted(description["paths"]) == [
        "/livez",
        "/readyz",
        "/v1/items/query",
        "/v1/items/{id}",
        "/v1/items/{id}/original",
        "/v1/items/{id}/thumbnail",
        "/v1/search",
        "/v1/search/batch",
        "/v1/store",
    ]
    models: dict[str, type[BaseModel]] = {
        "/v1/search": SearchRequest,
        "/v1/search/batch": BatchRequest,
        "/v1/items/query": ItemsRequest,
    }
    for path, model in models.items():
        examples = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]
        for example in examples.values():
            assert model.model_validate(example["value"])


def test_the_page_of_the_description_loads_nothing(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "/v1/search/batch" in page.text
    assert not any(word in page.text for word in ("<script", "src=", "http:", "https:", "<link"))


def test_metrics_count_responses_and_refusals(client: TestClient) -> None:
    client.get("/v1/items/1")
    client.get("/v1/items/99")
    client.get("/v1/items/99", headers={"Host": "evil.example"})
    client.post("/v1/search", json={"id": 1})
    client.post("/v1/search", json={"id": 99})
    text = client.get("/metrics").text
    assert 'lookalike_responses_total{route="/v1/items/{id}",status="200"} 1.0' in text
    assert 'lookalike_responses_total{route="/v1/items/{id}",status="404"} 1.0' in text
    assert 'lookalike_responses_total{route="none",status="400"} 1.0' in text
    assert 'lookalike_responses_total{route="/v1/search",status="200"} 1.0' in text
    assert 'lookalike_responses_total{route="/v1/search",status="404"} 1.0' in text
    assert 'lookalike_refusals_total{code="unknown_item"} 2.0' in text
    assert 'lookalike_refusals_total{code="host_not_allowed"} 1.0' in text


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/search"), ("GET", "/v1/items/1")])
def test_a_fault_of_the_service_is_a_problem(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    monkeypatch.setattr(Searcher, "by_id_at_once", fail)
    monkeypatch.setattr(Store, "items", fail)
    response = client.request(
        method,
        path,
        content=b'{"id": 1}' if method == "POST" else None,
        headers={"Content-Type": "application/json"} if method == "POST" else {},
    )
    assert (response.status_code, response.headers["content-type"]) == (500, "application/problem+json")
    assert response.json()["code"] == "internal"


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("secret")


def test_a_searcher_is_closed_after_its_last_request(served: ServedStore, folder: Path) -> None:
    from storage.errors import StoreClosed

    with served.use() as before:
        with Store.open(folder, writing=True) as writer:
            writer.delete(keys=["dark"])
        assert served.refresh()
        assert not served.refresh()
        assert [hit.key for hit in before.searcher.by_id(0).hits] == ["light", "white"]
    with pytest.raises(StoreClosed):
        before.searcher.by_id(0)
    with served.use() as after:
        assert [hit.key for hit in after.searcher.by_id(0).hits] == ["light", "white"]


def test_a_newer_store_has_tried_its_network_before_it_is_asked(served: ServedStore, folder: Path) -> None:
    drifts = []
    for key in ("dark", "white"):
        with Store.open(folder, writing=True) as writer:
            writer.delete(keys=[key])
        assert served.refresh()
        with served.use() as loaded:
            drifts.append(loaded.searcher.drift)
            loaded.searcher.by_image(png(grey(7)))
    # Not where nobody asked by picture: the network takes seconds to load.
    assert drifts == [None, 0.0]
