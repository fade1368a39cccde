"""Original files: only with --originals, by id, and only while they are what was embedded."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest import ingest
from search.service.bounds import Bounds
from search.service.byte_budget import ByteBudget
from search.service.originals import original_of
from search.service.paced_response import PacedResponse
from search.service.problems import Problem
from storage import NewItem, Store
from storage.errors import UnknownItem
from tests.ingest.images.samples import SAMPLES
from tests.search.service import own_loop
from tests.search.service.conftest import OpenClient
from tests.toys import TOY, toy_backbone, write_greys


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return the folder of a file for each level."""
    return write_greys(tmp_path / "pictures", {"cats/1.png": 10, "dogs/2.png": 90, "dogs/3.png": 200})


@pytest.fixture
def folder(tmp_path: Path, pictures: Path) -> Path:
    """Return the folder of a store of these files, which is served in place of the usual one."""
    ingest(f"folder:{pictures}", tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    return tmp_path / "store"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store.open(folder) as store:
        yield store


@pytest.fixture
def client(open_client: OpenClient) -> TestClient:
    return open_client(originals=True)


def test_an_original_is_the_file_with_its_media_type(client: TestClient, pictures: Path) -> None:
    response = client.get("/v1/items/1/original")
    assert (response.status_code, response.content) == (200, (pictures / "dogs/2.png").read_bytes())
    assert response.headers["content-type"] == "image/png"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")


def test_without_the_flag_there_are_no_originals(open_client: OpenClient) -> None:
    response = open_client().get("/v1/items/1/original")
    assert (response.status_code, response.json()["code"]) == (404, "no_original")
    assert response.json()["detail"] == "expected a service that gives originals out: start it with --originals"


def changed(file: Path) -> None:
    file.write_bytes(SAMPLES["png"][1])


def removed(file: Path) -> None:
    file.unlink()


def linked_elsewhere(file: Path) -> None:
    data = file.read_bytes()
    file.unlink()
    outside = file.parents[2] / "outside.png"
    outside.write_bytes(data)
    file.symlink_to(outside)


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("change", [changed, removed, linked_elsewhere, a_folder])
def test_a_file_that_is_not_as_it_was_embedded_is_not_given_out(
    client: TestClient, pictures: Path, change: Any
) -> None:
    change(pictures / "dogs/2.png")
    response = client.get("/v1/items/1/original")
    assert (response.status_code, response.json()["code"]) == (404, "no_original")
    assert response.json()["detail"] == "expected an item whose file is still as it was embedded, got 1"
    assert client.get("/v1/items/0/original").status_code == 200


def test_an_unknown_item_and_a_path_have_no_original(client: TestClient) -> None:
    response = client.get("/v1/items/99/original")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_item")
    for path in ("/v1/items/cats%2f1.png/original", "/v1/items/..%2f1/original", "/v1/items/1/original/../../x"):
        assert client.get(path).status_code in (404, 422)


def stored(folder: Path, key: str, data: bytes) -> int:
    """Store an item of a file of the pictures' folder as it is, whatever it is, and return its id."""
    import hashlib

    source = f"folder:{folder.parent / 'pictures'}"
    (folder.parent / "pictures" / key).write_bytes(data)
    with Store.open(folder, writing=True) as writer:
        item = NewItem(key, hashlib.sha256(data).digest(), source=source)
        return writer.append([item], [[0.0] * TOY.dim]).ids[0]


@pytest.mark.parametrize(
    "data", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html></html>", b"", b"root:x:0:0", b"%PDF-1.7"]
)
def test_what_is_no_picture_is_never_given_out(folder: Path, data: bytes) -> None:
    id = stored(folder, "odd", data)
    with Store.open(folder) as store, pytest.raises(Problem, match="still as it was embedded"):
        original_of(store, id)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_format_has_its_media_type(folder: Path, name: str) -> None:
    kind, data = SAMPLES[name]
    id = stored(folder, "sample", data)
    with Store.open(folder) as store:
        original = original_of(store, id)
    assert original.data == data
    types = {"JPEG 2000": "image/jp2", "PNM": "image/x-portable-anymap", "ICO": "image/x-icon"}
    assert original.media_type == types.get(kind, f"image/{kind.lower()}")


def test_a_file_that_is_too_large_is_not_given_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    original_of(store, 1)
    monkeypatch.setattr("search.service.originals.MAX_ORIGINAL_BYTES", 10)
    with pytest.raises(Problem, match="still as it was embedded"):
        original_of(store, 1)


def test_a_deleted_item_has_no_original(folder: Path, store: Store) -> None:
    with Store.open(folder, writing=True) as writer:
        writer.delete(ids=[1])
    with pytest.raises(UnknownItem):
        original_of(store, 1)


def test_originals_that_are_sent_share_a_budget(open_client: OpenClient) -> None:
    client = open_client(bounds=Bounds(original_bytes=64_000_000), originals=True)
    # Given back each time, whether it was sent or refused.
    assert [client.get(f"/v1/items/{id}/original").status_code for id in (0, 99, 1, 2)] == [200, 404, 200, 200]
    full = open_client(bounds=Bounds(original_bytes=63_999_999), originals=True)
    response = full.get("/v1/items/0/original")
    assert (response.status_code, response.json()["code"], response.headers["retry-after"]) == (503, "busy", "1")


def test_a_share_of_a_budget_is_given_back_once() -> None:
    budget = ByteBudget(10)
    share = budget.take(10, "a test")
    with pytest.raises(Problem, match="expected room for a test"):
        budget.take(1, "a test")
    share.shrink(4)
    budget.take(6, "a test")
    share.release()
    share.release()
    budget.take(4, "a test")
    with pytest.raises(Problem):
        budget.take(1, "a test")


def test_a_client_that_does_not_take_its_answer_is_left() -> None:
    data = bytes(range(256)) * 4_096
    released: list[int] = []

    async def sent(takes: int) -> list[Any]:
        messages: list[Any] = []

        async def send(message: Any) -> None:
            if len(messages) == takes:
                await asyncio.sleep(60)
            messages.append(message)

        response = PacedResponse(
            lambda at, size: data[at : at + size], len(data), "x/y", 0.05, lambda: released.append(1)
        )
        await response({"type": "http"}, send, send)  # type: ignore[arg-type]
        return messages

    whole = own_loop.run(sent(99))
    assert b"".join(message.get("body", b"") for message in whole) == data
    assert whole[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    cut = own_loop.run(sent(2))
    assert [message["type"] for message in cut] == ["http.response.start", "http.response.body"]
    assert cut[-1]["more_body"]
    assert released == [1, 1]
