"""Lists of items: filtered, in pages, counted by label."""

import base64
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from search.service.served_store import ServedStore
from storage import Store
from tests.search.stores import LABELS, LEVELS, SIZE


def listed(client: TestClient, **request: Any) -> Any:
    response = client.post("/v1/items/query", json=request)
    assert response.status_code == 200, response.text
    return response.json()


def refused(client: TestClient, **request: Any) -> tuple[int, str]:
    response = client.post("/v1/items/query", json=request)
    return response.status_code, response.json()["code"]


def item(key: str) -> dict[str, Any]:
    return {"id": list(LEVELS).index(key), "key": key, "label": LABELS.get(key), "metadata": SIZE}


def test_all_items_are_listed_in_the_order_of_their_ids(client: TestClient) -> None:
    assert listed(client) == {"items": [item(key) for key in LEVELS], "total": 4, "cursor": None}


def test_pages_follow_each_other_by_their_cursors(client: TestClient) -> None:
    first = listed(client, limit=3)
    assert first["items"] == [item("black"), item("dark"), item("light")]
    assert listed(client, limit=3, cursor=first["cursor"]) == {"items": [item("white")], "total": 4, "cursor": None}


def test_a_filter_selects_and_what_it_selects_is_counted_by_label(client: TestClient) -> None:
    where = {"label": {"!=": "high"}, "width": {">=": 8}}
    first = listed(client, where=where, limit=1, count_labels=True)
    counts = [{"label": "low", "items": 2}, {"label": None, "items": 1}]
    assert first == {"items": [item("black")], "total": 3, "cursor": first["cursor"], "labels": counts}
    rest = listed(client, where=where, cursor=first["cursor"])
    assert rest == {"items": [item("dark"), item("white")], "total": 3, "cursor": None}


def test_a_cursor_is_of_one_batch(client: TestClient, served: ServedStore, folder: Path) -> None:
    cursor = listed(client, limit=1)["cursor"]
    with Store.open(folder, writing=True) as writer:
        writer.delete(keys=["white"])
    served.refresh()
    assert refused(client, limit=1, cursor=cursor) == (409, "cursor_outdated")
    assert listed(client)["total"] == 3


def test_a_cursor_is_of_one_filter_and_nothing_else_is_one(client: TestClient) -> None:
    cursor = listed(client, limit=1)["cursor"]
    data = base64.urlsafe_b64decode(cursor)
    negative = base64.urlsafe_b64encode(data[:24] + b"\xff" * 8).decode()
    for other in (negative, cursor[:-4], cursor + "AAAA", "x" * 44, "", "é"):
        assert refused(client, cursor=other) == (422, "cursor_invalid")
    assert refused(client, cursor=cursor, where={"label": "low"}) == (422, "cursor_invalid")
    assert refused(client, cursor="x" * 65) == (422, "request_invalid")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"limit": 0}, "request_invalid"),
        ({"limit": 1_001}, "request_invalid"),
        ({"limit": True}, "request_invalid"),
        ({"offset": 1}, "request_invalid"),
        ({"where": {"lable": "low"}}, "invalid_query"),
        ({"where": {"label": {"~": 1}}}, "invalid_query"),
    ],
)
def test_a_list_without_meaning_is_a_problem(client: TestClient, request_: dict[str, Any], code: str) -> None:
    assert refused(client, **request_) == (422, code)
