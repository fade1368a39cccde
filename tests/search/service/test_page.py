"""The page at `/`, and its data: made beside the service, for one batch after the other."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from search.explorer.page import live_page
from search.service.doors import LOOPBACK, DoorRules
from search.service.page_data import PageData, PageFile
from search.service.served_store import ServedStore
from storage import Store
from tests.search.explorer.stores import lines_store
from tests.search.service import own_loop
from tests.search.service.conftest import KEY, OpenClient


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of the store of lines, which is served in place of the usual one."""
    return lines_store(tmp_path)


@pytest.fixture
def page_data(folder: Path) -> PageData:
    return PageData(str(folder), str(folder), None, refresh_seconds=0.05)


def waited_for(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def blocks(data: bytes) -> dict[str, bytes]:
    """Return the blocks of the page's data as its script reads them."""
    found, at = {}, 0
    while at < len(data):
        end = data.index(b"\n", at)
        name, length = data[at:end].decode().split(" ")
        found[name] = data[end + 1 : end + 1 + int(length)]
        at = end + 1 + int(length)
    return found


def test_the_page_says_that_its_map_is_being_made_until_it_is_there(
    open_client: OpenClient, page_data: PageData, served: ServedStore, folder: Path
) -> None:
    client = open_client(page_data=page_data)
    pending = client.get("/v1/explorer")
    assert (pending.status_code, pending.json()["status"], pending.headers["retry-after"]) == (202, "pending", "2")
    assert pending.json()["detail"].startswith("The map is being made")
    waited_for(lambda: client.get("/v1/explorer").status_code == 200)
    response = client.get("/v1/explorer")
    assert set(blocks(response.content)) >= {"facts", "points", "ids", "items", "neighbours", "page-0"}
    tag = response.headers["etag"]
    assert tag == f'"{served.batch.chain.hex()}"'
    same = client.get("/v1/explorer", headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    with Store.open(folder, writing=True) as writer:
        writer.delete(ids=[9])
    served.refresh()
    waited_for(lambda: client.get("/v1/explorer", headers={"If-None-Match": tag}).status_code == 200)


def test_the_page_has_a_policy_of_its_own_and_no_data(open_client: OpenClient, page_data: PageData) -> None:
    response = open_client(DoorRules(frozenset(LOOPBACK), KEY), page_data=page_data).get("/")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
    assert policy.pop("script-src").startswith("'sha256-")
    assert policy.pop("style-src").startswith("'sha256-")
    assert policy == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "img-src": "data: blob:",
        "connect-src": "'self'",
        "frame-ancestors": "'none'",
    }
    assert 'data-key="needed"' in response.text
    assert "data-facts" not in response.text
    assert "key 1" not in response.text


def test_without_a_key_the_page_asks_for_none(open_client: OpenClient, page_data: PageData) -> None:
    assert 'data-key="none"' in open_client(page_data=page_data).get("/").text


def test_the_data_of_the_page_need_the_key(open_client: OpenClient, page_data: PageData) -> None:
    client = open_client(DoorRules(frozenset(LOOPBACK), KEY), page_data=page_data)
    assert client.get("/v1/explorer").status_code == 401
    assert client.get(f"/v1/explorer?key={KEY}").status_code == 401
    assert client.get("/v1/explorer", headers={"Authorization": f"Bearer {KEY}"}).status_code == 202


@pytest.mark.heavy
def test_a_store_without_items_has_no_map_and_says_so(
    open_client: OpenClient, folder: Path, served: ServedStore
) -> None:
    with Store.open(folder, writing=True) as writer:
        writer.delete(ids=list(range(60)))
    served.refresh()
    client = open_client(page_data=PageData(str(folder), str(folder), None, 0.05))
    waited_for(lambda: "There is no map" in client.get("/v1/explorer").text)
    assert client.get("/v1/explorer").json()["detail"] == (
        "There is no map: expected items to show, got none in the store: ingest some, or use another filter"
    )


@pytest.mark.heavy
def test_a_store_that_cannot_be_written_to_has_a_map_too(
    open_client: OpenClient, folder: Path, page_data: PageData
) -> None:
    before = sorted(path.name for path in folder.iterdir())
    folder.chmod(0o555)
    try:
        client = open_client(page_data=page_data)
        waited_for(lambda: client.get("/v1/explorer").status_code == 200)
    finally:
        folder.chmod(0o755)
    # Nothing but the cache of maps is ever written.
    assert sorted(path.name for path in folder.iterdir()) in (before, sorted([*before, "maps"]))


def test_what_makes_the_map_ends_with_the_service(folder: Path, served: ServedStore) -> None:
    page_data = PageData(str(folder), str(folder), None, 60)

    async def scenario() -> None:
        async with page_data.following(served):
            while not children():
                await asyncio.sleep(0.01)

    own_loop.run(scenario())
    assert children() == []


def children() -> list[str]:
    """Return the processes that make a map."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if b"search.explorer.page_process" in command and int(parent) == os.getpid():
                found.append(entry.name)
    return found


def test_a_file_is_open_until_nobody_reads_it() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"0123456789")
        page = PageFile(file, "c", 10)
        release = page.use()
        page.replace()
        assert page.read(3, 4) == b"3456"
        release()
        assert file.closed


def test_the_script_that_the_page_runs_is_the_only_one() -> None:
    html = live_page(needs_key=False).html
    assert html.count("<script") == 1
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "https://" not in html
