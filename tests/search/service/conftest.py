"""A service of a small store whose answers are known by hand, asked without a network."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="THE TESTS OF THE SERVICE ARE SKIPPED: fastapi is not installed")

from fastapi.testclient import TestClient

from search.searcher import Searcher
from search.service.app import Service, make_app
from search.service.bounds import Bounds
from search.service.doors import LOOPBACK, DoorRules
from search.service.health import Health
from search.service.page_data import PageData
from search.service.served_store import ServedStore
from tests.search.stores import grey_store
from tests.toys import toy_backbone

KEY = "k" * 32

#: Opens a client of a service with these rules and bounds.
OpenClient = Callable[..., TestClient]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a store of LEVELS and LABELS."""
    return grey_store(tmp_path)


@pytest.fixture
def served(folder: Path) -> Iterator[ServedStore]:
    """Return the open store of a service."""
    store = ServedStore(lambda: Searcher.open(folder, make_backbone=toy_backbone()))
    yield store
    store.close()


@pytest.fixture
def open_client(served: ServedStore, folder: Path) -> Iterator[OpenClient]:
    """Return a function that opens a client of a service."""
    clients: list[TestClient] = []

    def open_one(
        rules: DoorRules | None = None,
        bounds: Bounds | None = None,
        problem: str | None = None,
        threads: int = 2,
        *,
        originals: bool = False,
        page_data: PageData | None = None,
    ) -> TestClient:
        bounds = bounds or Bounds()
        health = Health(lambda: problem, 0.05, str(folder))
        service = Service.of(
            served, str(folder), health, bounds, threads=threads, originals=originals, page_data=page_data
        )
        app = make_app(service, rules or DoorRules(frozenset(LOOPBACK)), bounds)
        client = TestClient(app, base_url="http://localhost:8765", raise_server_exceptions=False)
        clients.append(client)
        return client.__enter__()

    yield open_one
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(open_client: OpenClient) -> TestClient:
    """Return a client of a service without a key."""
    return open_client()
