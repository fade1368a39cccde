"""Killed writers and servers: after a rerun the store is the same as one that was never disturbed."""

import signal
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from storage import Store
from storage.errors import ServerUnusable
from storage.milvus import collection
from storage.transfer.comparison import NO_DIFFERENCES, compare
from tests.errors import error_message
from tests.processes import run_python
from tests.scaling.killed_writer import COUNT, work
from tests.scaling.stores import EMBEDDING, answers, fill
from tests.servers.milvus import MilvusServer
from tests.servers.postgres import PostgresCluster


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store in a folder that was never disturbed."""
    folder = tmp_path_factory.mktemp("plain") / "store"
    with Store.create(folder, EMBEDDING) as store:
        fill(store, 0, COUNT, batch=20)
    return folder


def test_a_writer_killed_eight_times_between_rows_and_vectors_leaves_no_difference(
    postgres: PostgresCluster, milvus: MilvusServer, plain: Path
) -> None:
    url, milvus_url = postgres.url(), milvus.url()
    moments = [("write", 1), ("write_coverage", 1), ("write", 2), ("write_coverage", 3)]
    for method, call in 2 * moments:
        died = run_python("-m", "tests.scaling.killed_writer", url, milvus_url, method, call)
        assert died.returncode == -signal.SIGKILL, died.stderr
    work(url, milvus_url)
    require_same(plain, url, milvus_url)


def test_a_milvus_server_killed_twice_during_an_ingest_loses_nothing(
    postgres: PostgresCluster, milvus: MilvusServer, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "TIMEOUT_S", 3.0)
    url, milvus_url = postgres.url(), milvus.url()
    for _ in range(2):
        killer = threading.Timer(1.5, milvus.process.kill)
        killer.start()
        try:
            message = error_message(ServerUnusable, work_until_failure, url, milvus_url)
            assert message.startswith(f"expected Milvus at {milvus.uri} to answer, got '")
            assert "everything acknowledged so far is kept" in message
        finally:
            killer.join()
            milvus.process.start()
    monkeypatch.undo()
    # It takes half a minute until the killed server's own parts are no longer expected to answer.
    milvus.process.require_ready()
    work(url, milvus_url)
    require_same(plain, url, milvus_url)


def test_a_postgresql_server_killed_during_an_ingest_loses_nothing(
    postgres: PostgresCluster, milvus: MilvusServer, plain: Path
) -> None:
    url, milvus_url = postgres.url(), milvus.url()
    with Store.create(url, EMBEDDING, milvus=milvus_url) as store:
        fill(store, 0, 100, batch=20)
        postgres.process.kill()
        message = error_message(ServerUnusable, fill, store, 100, 120, batch=20)
        assert "everything acknowledged so far is kept; start the server" in message
        postgres.process.start()
        fill(store, 100, 120, batch=20)
    work(url, milvus_url)
    require_same(plain, url, milvus_url)


def work_until_failure(url: str, milvus_url: str) -> NoReturn:
    """Add the batches again and again, until a server fails."""
    while True:
        work(url, milvus_url)


def require_same(plain: Path, url: str, milvus_url: str) -> None:
    with Store.open(plain) as undisturbed, Store.open(url, milvus=milvus_url) as other:
        comparison = compare(undisturbed, other, queries=1000)
        assert (comparison.first_difference, comparison.differences) == (None, NO_DIFFERENCES)
        assert other.verify() == []
        assert answers(other) == answers(undisturbed)
