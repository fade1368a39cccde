"""The commit protocol: SQLite's settings, the chain of batches, ids, and what readers see meanwhile."""

import contextlib
import hashlib
import sqlite3
import struct
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from storage import Embedding, NewItem, Store
from storage.errors import InvalidItem, StoreCorrupt
from tests.storage.stores import (
    EMBEDDING,
    hit,
    item,
    label_of,
    line_store,
    line_vector,
    line_vectors,
    new_item,
    new_items,
    oracle_items,
    random_vectors,
    sql,
)

# Settings

SETTINGS = {
    "journal_mode": "delete",
    "synchronous": 3,
    "foreign_keys": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "busy_timeout": 1000,
}


def test_every_connection_of_a_store_commits_as_durably_as_sqlite_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[sqlite3.Connection] = []
    settings: list[dict[str, object]] = []
    connect = sqlite3.connect

    def recorded(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        opened.append(connect(*args, **kwargs))
        return opened[-1]

    def read_settings() -> None:
        for connection in opened:
            # Connections that are closed already are skipped.
            with contextlib.suppress(sqlite3.ProgrammingError):
                settings.append({name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in SETTINGS})
        opened.clear()

    monkeypatch.setattr(sqlite3, "connect", recorded)
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        store.append(new_items([0]), line_vectors([0]))
        read_settings()
    with Store.open(tmp_path / "store") as store:
        store.nearest(line_vector(0), 1)
        read_settings()
    assert settings == [SETTINGS] * len(settings)
    assert len(settings) >= 2
    assert sql(tmp_path / "store", "PRAGMA application_id") == [(0x4C4F4F4B,)]


# Batches


def history(folder: Path) -> list[tuple[int, int, int, bytes]]:
    """Return number, live items, next id and chain of each batch, computed from the rows alone."""
    added, deleted = defaultdict(list), defaultdict(list)
    for id, batch, deleted_in, checksum in sql(folder, "SELECT id, batch, deleted_in, checksum FROM items ORDER BY id"):
        added[batch].append(b"+" + struct.pack("<q", id) + checksum)
        deleted[deleted_in].append(b"-" + struct.pack("<q", id))
    batches = [(0, 0, 0, bytes(32))]
    for number in range(1, sql(folder, "SELECT count(*) FROM batches")[0][0]):
        _, live, next_id, chain = batches[-1]
        digest = hashlib.sha256(b"".join([chain, *added[number], *deleted[number]])).digest()
        live += len(added[number]) - len(deleted[number])
        batches.append((number, live, next_id + len(added[number]), digest))
    return batches


def test_the_record_of_a_batch_covers_all_rows_up_to_it(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path, 5, batch=2), writing=True) as store:
        store.delete(ids=[1, 4])
        # A new item, a replaced one, and one that was deleted before.
        store.append(new_items([5, 2, 1]), line_vectors([5, 2, 1]))
        store.delete(keys=["key 0"])
        store.compact()
    batches = sql(tmp_path / "store", "SELECT number, live, next_id, chain FROM batches ORDER BY number")
    assert batches == history(tmp_path / "store")
    assert [batch[:3] for batch in batches] == [
        (0, 0, 0),
        (1, 2, 2),
        (2, 4, 4),
        (3, 5, 5),
        (4, 3, 5),
        (5, 5, 8),
        (6, 4, 8),
    ]


def test_calls_that_change_nothing_write_no_batch(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path, published=True), writing=True) as store:
        assert store.append([], []).ids == ()
        assert store.delete() == 0
        store.publish()
        store.compact()
        assert store.repair() == []
    assert sql(tmp_path / "store", "SELECT max(number) FROM batches") == [(1,)]


def test_the_same_batches_make_the_same_history_in_every_folder(tmp_path: Path) -> None:
    folders = [line_store(tmp_path / name, 5, batch=2) for name in "ab"]
    first, second = (sql(folder, "SELECT * FROM batches ORDER BY number") for folder in folders)
    assert first == second


# Ids


def test_ids_have_no_gaps_and_are_never_reused(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 3)
    with Store.open(folder, writing=True) as store:
        store.delete(ids=[1, 2])
    with Store.open(folder, writing=True) as store:
        assert store.append(new_items([3, 1]), line_vectors([3, 1])).ids == (3, 4)
        store.delete(ids=range(0, 5, 3))
        store.delete(ids=[4])
        assert len(store) == 0
        store.compact()
        store.repair()
    with Store.open(folder, writing=True) as store:
        with pytest.raises(InvalidItem):
            store.append([*new_items([0, 1]), NewItem("", b"")], line_vectors([0, 1, 2]))
        assert store.append(new_items([0, 1]), line_vectors([0, 1])).ids == (5, 6)
        assert store.verify() == []


# Readers


def test_a_reader_answers_from_what_it_loaded_until_it_refreshes(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 3)
    with Store.open(folder) as reader, Store.open(folder, writing=True) as writer:
        old = [[hit(1, 2, 0.0), hit(2, 1, 2.0), hit(3, 0, 3.0)]]
        assert reader.nearest(line_vector(2), 9) == old
        writer.append(new_items([3]), line_vectors([3]))
        assert reader.nearest(line_vector(2), 9) == old
        # Reads of the catalog see the newest batch.
        assert (len(reader), reader.by_key("key 3")) == (4, item(3))
        reader.refresh()
        assert reader.nearest(line_vector(2), 9) == [[*old[0], hit(4, 3, 4.0)]]
        # The writer itself sees at once what it wrote.
        assert writer.nearest(line_vector(2), 9) == [[*old[0], hit(4, 3, 4.0)]]


@pytest.mark.parametrize("compacted", [False, True])
def test_a_reader_reloads_when_a_hit_was_deleted_since(tmp_path: Path, compacted: bool) -> None:
    folder = line_store(tmp_path, 3)
    with Store.open(folder) as reader, Store.open(folder, writing=True) as writer:
        assert len(reader.nearest(line_vector(0), 3)[0]) == 3
        writer.append([new_item(1)], line_vector(1))
        if compacted:
            writer.compact()
        assert reader.nearest(line_vector(0), 1) == [[hit(1, 0, 0.0)]]
        assert reader.nearest(line_vector(0), 3) == [[hit(1, 0, 0.0), hit(2, 1, 1.0, id=3), hit(3, 2, 3.0)]]
        writer.delete(ids=[0, 2, 3])
        assert reader.nearest(line_vector(0), 3) == [[]]


def test_a_row_that_is_missing_though_no_batch_deleted_it_is_damage(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 3)
    with Store.open(folder) as reader:
        assert len(reader.nearest(line_vector(0), 3)[0]) == 3
        sql(folder, "DELETE FROM items WHERE id = 1")
        # It was read, and checked, when it was there.
        assert len(reader.nearest(line_vector(0), 3)[0]) == 3
        reader.refresh()
        with pytest.raises(StoreCorrupt, match="rows were lost or changed after they were written"):
            reader.nearest(line_vector(0), 3)


def test_readers_see_only_complete_batches_during_writes(tmp_path: Path) -> None:
    vectors = random_vectors(300, 16)
    with Store.create(tmp_path / "store", Embedding(16, "f" * 64)) as writer:
        done = threading.Event()
        failures: list[BaseException] = []

        def read() -> None:
            try:
                seen, ending = 0, False
                while not ending:
                    ending = done.is_set()
                    with Store.open(tmp_path / "store") as reader:
                        counted, items = len(reader), reader.items()
                        hits = reader.nearest(vectors[:1], 400)[0]
                        hit_vectors = reader.vectors([hit.id for hit in hits])
                    assert {counted % 10, len(items) % 10, len(hits) % 10} == {0}
                    assert seen <= counted <= len(items) <= len(hits)
                    assert [hit.label for hit in hits] == [label_of(vector) for vector in hit_vectors]
                    seen = counted
                assert seen == 300
            except BaseException as error:
                failures.append(error)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        try:
            for start in range(0, 300, 10):
                writer.append(oracle_items(vectors[start : start + 10], first=start), vectors[start : start + 10])
                if start % 50 == 0:
                    writer.publish()
        finally:
            done.set()
            for reader in readers:
                reader.join()
        assert failures == []
