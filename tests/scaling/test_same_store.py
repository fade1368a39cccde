"""A store on servers is the same store: its rows, its history, and every bit of its answers."""

from pathlib import Path

import numpy as np
import pytest

from storage import Store, console
from storage.databases.postgres_server import MARK
from tests.commands import Command
from tests.scaling.stores import EMBEDDING, answers, fill, folder_store, items
from tests.servers.milvus import TOKEN, MilvusServer
from tests.servers.postgres import PostgresCluster
from tests.storage.stores import random_vectors


@pytest.mark.xdist_group("milvus")
@pytest.mark.parametrize("kind", ["PostgreSQL", "PostgreSQL and Milvus", "a folder and Milvus"])
def test_stores_with_the_same_batches_hold_and_answer_the_same(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    location: str | Path = tmp_path / "other"
    if "PostgreSQL" in kind:
        location = request.getfixturevalue("postgres").url()
    milvus_url = request.getfixturevalue("milvus").url() if "Milvus" in kind else None
    with (
        Store.create(tmp_path / "plain", EMBEDDING) as plain,
        Store.create(location, EMBEDDING, milvus=milvus_url) as other,
    ):
        for store in (plain, other):
            fill(store, 0, 400)
        assert answers(other) == answers(plain)
        for store in (plain, other):
            store.delete(ids=[1, 2, 399], keys=["key 77"])
            fill(store, 90, 130, shift=0.25)
            store.publish()
        assert answers(other) == answers(plain)
        assert other.info().chain == plain.info().chain
        assert other.thumbnails([5, 6]) == plain.thumbnails([5, 6]) == {5: b"png 5", 6: b"png 6"}
        for store in (plain, other):
            store.write_sources({5: "folder:/one", 6: "folder:/one", 7: "folder:/two"})
            store.append([], [], delete=[6], sources={7: "folder:/one"})
        assert other.source_counts() == plain.source_counts() == {"folder:/one": 2}
        assert other.info().chain == plain.info().chain
        assert other.verify() == []
        other.compact()
        assert answers(other) == answers(plain)


def test_batches_of_a_writer_without_the_vector_server_are_in_the_answers_of_a_reader_with_it(
    postgres: PostgresCluster, milvus: MilvusServer, tmp_path: Path
) -> None:
    url, milvus_url = postgres.url(), milvus.url()
    with Store.create(url, EMBEDDING, milvus=milvus_url) as first, Store.create(tmp_path / "plain", EMBEDDING) as plain:
        fill(first, 0, 200)
        with Store.open(url, milvus=milvus_url) as reader:
            assert len(reader.nearest(random_vectors(1, 16), 300)[0]) == 200
            with Store.open(url, writing=True) as unaware:
                fill(unaware, 200, 260)
                unaware.delete(ids=[0, 100, 210])
            fill(plain, 0, 260)
            plain.delete(ids=[0, 100, 210])
            assert answers(reader) == answers(plain)
            assert reader.verify() == []
        first.publish()
        first.refresh()
        assert answers(first) == answers(plain)


def test_the_commands_copy_a_store_to_servers_and_back_and_compare_it(
    storage: Command, postgres: PostgresCluster, milvus: MilvusServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, copy, url, milvus_url = tmp_path / "store", tmp_path / "copy", postgres.url(), milvus.url()
    folder_store(folder, 200)
    shown = console.display_name(url)
    copied = f"2 batches copied; {shown} holds 200 items in 2 batches\n"
    assert storage("migrate", "--from", folder, "--to", url, "--to-milvus", milvus_url) == (0, copied, "")
    same = "the same: 200 items, and the answers to 50 queries each plain, filtered and within a radius\n"
    assert storage("compare", folder, url, "--other-milvus", milvus_url, "--queries", 50) == (0, same, "")
    assert storage("compare", url, folder, "--milvus", milvus_url, "--queries", 50) == (0, same, "")
    copied = f"2 batches copied; {copy} holds 200 items in 2 batches\n"
    assert storage("migrate", "--from", url, "--from-milvus", milvus_url, "--to", copy) == (0, copied, "")
    monkeypatch.setenv("LOOKALIKE_MILVUS", milvus_url)
    assert storage("verify", "--store", url) == (0, f"{shown} is intact: 200 items\n", "")


def test_distances_that_float32_cannot_hold_are_compared_by_the_rows(milvus: MilvusServer, tmp_path: Path) -> None:
    long = random_vectors(60, 16) * np.float32(2.5e18)
    answers_of_both = []
    for folder, milvus_url in (("plain", None), ("served", milvus.url())):
        with Store.create(tmp_path / folder, EMBEDDING, milvus=milvus_url) as store:
            store.append(items(range(60)), long)
            answers_of_both.append(
                [store.nearest(-long[:5], 10), store.nearest(long[:5], 70), store.within(long[:3], 2e19)]
            )
    assert answers_of_both[0] == answers_of_both[1]


def test_a_collection_that_lost_or_gained_rows_is_noticed_and_rebuilt(
    postgres: PostgresCluster, milvus: MilvusServer
) -> None:
    import pymilvus

    url, milvus_url = postgres.url(), milvus.url()
    with Store.create(url, EMBEDDING, milvus=milvus_url) as store:
        fill(store, 0, 100)
        before = answers(store)
        client = pymilvus.MilvusClient(uri=milvus.uri, token=TOKEN)
        collection = milvus_url.partition("collection=")[2]
        client.delete(collection, ids=[3, 4])
        assert store.verify() == [
            f"collection {milvus_url}: expected 100 items, got 98; `lookalike store repair` rebuilds it"
        ]
        assert store.repair() == [f"collection {milvus_url}: 98 items instead of 100, rebuilt"]
        assert store.verify() == []
        orphan = {"id": 7000, "key": "orphan", "label": "=orphan", "vector": before and store.vectors([5])[0]}
        client.upsert(collection, [orphan])
        assert answers(store) == before
        client.drop_collection(collection)
    with Store.open(url, writing=True, milvus=milvus_url) as store:
        store.publish()
        assert answers(store) == before


def test_a_store_on_a_server_made_before_sources_is_read_as_it_is_and_upgraded_by_the_first_writer(
    postgres: PostgresCluster,
) -> None:
    schema = "before_sources"
    url = postgres.url(schema)
    with Store.create(url, EMBEDDING) as store:
        fill(store, 0, 20)
    for table in ("job_changes", "item_sources", "sources"):
        postgres.sql(f"DROP TABLE {schema}.{table}")
    postgres.sql(f"COMMENT ON TABLE {schema}.batches IS '{MARK}2'")
    with Store.open(url) as reader:
        assert (reader.sources([1]), reader.jobs(), reader.info().format) == ({}, [], 2)
        with Store.open(url, writing=True) as writer:
            writer.append([], [], sources={1: "folder:/one"})
        assert (reader.sources([1]), reader.verify()) == ({1: "folder:/one"}, [])
