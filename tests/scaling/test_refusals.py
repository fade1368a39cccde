"""A server that cannot be used, or holds something else, is named in one line, and nothing is partly written."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from storage import Embedding, Store
from storage.errors import NotAStore, ServerUnusable, StoreExists, StoreNotFound, StoreUnwritable
from storage.milvus.client import TOKEN
from tests.errors import error_message, exactly
from tests.ingest.jobs import job
from tests.scaling.stores import DIM, EMBEDDING, fill, folder_store
from tests.servers.milvus import MilvusServer
from tests.servers.postgres import PostgresCluster
from tests.storage.stores import random_vectors
from tests.toys import grey_source


def test_a_wrong_token_is_refused(milvus: MilvusServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "root:wrong")
    message = (
        f"expected Milvus at {milvus.uri} to accept the token in {TOKEN}, but it refuses the token: set it to "
        "user:password or an API key, or wait until the server has started"
    )
    with pytest.raises(ServerUnusable, match=exactly(message)):
        Store.open(folder_store(tmp_path / "store", 10), writing=True, milvus=milvus.url())


def test_a_milvus_server_that_is_not_there_is_named_and_the_store_stays_as_it_was(tmp_path: Path) -> None:
    folder = folder_store(tmp_path / "store", 10)
    pytest.importorskip("pymilvus")
    with pytest.raises(ServerUnusable, match=r"expected Milvus at http://127\.0\.0\.1:1 to answer, got '"):
        Store.open(folder, writing=True, milvus="http://127.0.0.1:1")
    with Store.open(folder) as store:
        assert store.verify() == []


def test_a_job_with_a_milvus_server_that_is_not_there_creates_no_store(tmp_path: Path) -> None:
    pytest.importorskip("pymilvus")
    attempts: list[Callable[[], object]] = [
        lambda: job(grey_source({"grey": 100}), tmp_path / "store", milvus="http://127.0.0.1:1"),
        lambda: Store.create(tmp_path / "store", EMBEDDING, milvus="http://127.0.0.1:1"),
    ]
    for attempt in attempts:
        assert error_message(ServerUnusable, attempt).startswith(
            "expected Milvus at http://127.0.0.1:1 to answer, got '"
        )
        assert list(tmp_path.iterdir()) == []


def test_a_collection_of_another_dimension_or_fingerprint_is_refused(milvus: MilvusServer, tmp_path: Path) -> None:
    milvus_url = milvus.url()
    with Store.create(tmp_path / "one", EMBEDDING, milvus=milvus_url) as store:
        fill(store, 0, 10)
    for embedding, expected, got in (
        (Embedding(3, "f" * 64), "3 dimensions", str(DIM)),
        (Embedding(DIM, "0" * 64), f"the store's embedding (fingerprint {'0' * 12})", f"fingerprint {'f' * 12}"),
    ):
        Store.create(tmp_path / str(embedding.dim), embedding).close()
        message = (
            f"expected a collection of {expected} at {milvus_url}, got {got}: it is another store's; name another with "
            "?collection=NAME"
        )
        with pytest.raises(ServerUnusable, match=exactly(message)):
            Store.open(tmp_path / str(embedding.dim), writing=True, milvus=milvus_url)


def test_a_collection_of_another_stores_history_is_refused(milvus: MilvusServer, tmp_path: Path) -> None:
    milvus_url = milvus.url()
    with Store.create(tmp_path / "one", EMBEDDING, milvus=milvus_url) as store:
        fill(store, 0, 10)
    with Store.create(tmp_path / "two", EMBEDDING, milvus=milvus_url) as other:
        message = error_message(ServerUnusable, other.nearest, np.zeros(DIM), 1)
    assert message.startswith(f"expected the items of this store at {milvus_url}, got those of another store")


def test_a_collection_of_another_program_is_refused(milvus: MilvusServer, tmp_path: Path) -> None:
    import pymilvus

    milvus_url = milvus.url()
    client = pymilvus.MilvusClient(uri=milvus.uri, token="root:Milvus")
    client.create_collection(milvus_url.partition("collection=")[2], dimension=DIM)
    message = (
        f"expected a collection of Lookalike's at {milvus_url}, got one that another program created: name another "
        "with ?collection=NAME"
    )
    with pytest.raises(ServerUnusable, match=exactly(message)):
        Store.create(tmp_path / "one", EMBEDDING, milvus=milvus_url)


def test_a_reader_creates_no_collection(milvus: MilvusServer, tmp_path: Path) -> None:
    milvus_url = milvus.url()
    with pytest.raises(ServerUnusable, match="found no such collection: fill one with `lookalike store repair`"):
        Store.open(folder_store(tmp_path / "store", 10), milvus=milvus_url)


@pytest.mark.parametrize("index", ["HNSW&M=8&efConstruction=64&ef=64", "IVF_FLAT&nlist=16&nprobe=8"])
def test_an_approximate_index_finds_nearly_all_and_reports_exact_distances(
    index: str, milvus: MilvusServer, tmp_path: Path
) -> None:
    milvus_url = milvus.url(f"&index={index}")
    queries = random_vectors(50, DIM, seed=9)
    with Store.create(tmp_path / "one", EMBEDDING, milvus=milvus_url) as store:
        fill(store, 0, 2000, batch=1000)
        approximate = store.nearest(queries, 10)
    with Store.open(tmp_path / "one") as exact:
        true_answers = exact.nearest(queries, 10)
    distances = {(query, hit.id): hit.distance for query, hits in enumerate(true_answers) for hit in hits}
    pairs = [(distances.get((query, hit.id)), hit.distance) for query, hits in enumerate(approximate) for hit in hits]
    correct = [pair for pair in pairs if pair[0] is not None]
    assert len(correct) >= 450
    assert all(true_distance == reported for true_distance, reported in correct)


def test_a_schema_without_a_store_or_with_tables_of_another_program_is_refused(postgres: PostgresCluster) -> None:
    url = postgres.url("elsewhere")
    assert not Store.exists_at(url)
    with pytest.raises(StoreNotFound, match="found none there: make one with `lookalike ingest SOURCE --store"):
        Store.open(url)
    postgres.sql("CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.items (id int)")
    with pytest.raises(NotAStore, match=r"expected a schema without another program's tables at .*, got 'items'"):
        Store.create(url, EMBEDDING)
    assert postgres.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'elsewhere'") == [("items",)]


def test_a_second_store_is_not_created_over_the_first(postgres: PostgresCluster) -> None:
    url = postgres.url()
    Store.create(url, EMBEDDING).close()
    with pytest.raises(StoreExists, match="got one: open it instead"):
        Store.create(url, EMBEDDING)


def test_a_server_that_may_lose_acknowledged_batches_is_refused(postgres: PostgresCluster) -> None:
    postgres.sql("ALTER SYSTEM SET full_page_writes = off")
    postgres.sql("SELECT pg_reload_conf()")
    try:
        with pytest.raises(
            StoreUnwritable, match=r"expected PostgreSQL to run with full_page_writes=on at .*, got off"
        ):
            Store.create(postgres.url(), EMBEDDING)
    finally:
        postgres.sql("ALTER SYSTEM RESET full_page_writes")
        postgres.sql("SELECT pg_reload_conf()")


def test_a_postgresql_server_that_is_not_there_is_named(postgres: PostgresCluster) -> None:
    del postgres
    message = error_message(ServerUnusable, Store.open, "postgresql+psycopg://me:secret@127.0.0.1:1/pictures")
    assert message.startswith(
        "expected PostgreSQL at postgresql+psycopg://me:***@127.0.0.1:1/pictures to answer, got '"
    )
    assert "secret" not in message
