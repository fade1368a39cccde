"""Catalogs that mislead SQLite: foreign journals and logs, pages in circles, and huge values."""

import shutil
import sqlite3
import struct
from pathlib import Path

import pytest

from benchmarks.durability.rollback_journal import journal, page_size, with_super_journal
from storage import NewItem, Store
from storage.databases import sqlite_file
from storage.errors import InvalidItem, LookalikeError, NotAStore, StoreCorrupt
from tests.durability.sandbox import Sandbox, canaries
from tests.errors import exactly
from tests.storage.stores import (
    EMBEDDING,
    files,
    item,
    line_store,
    line_vector,
    new_item,
    oracle_items,
    random_vectors,
    sql,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return line_store(tmp_path, 5, batch=2, published=True)


def test_a_value_larger_than_any_of_ours_is_neither_read_nor_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql(folder, "UPDATE items SET label = printf('%.900000c', 'x') WHERE id = 2")
    monkeypatch.setattr(sqlite_file, "LARGEST_VALUE", 600_000)
    message = f"expected values of at most 600,000 bytes in {folder / 'catalog.sqlite'}, got a larger one"
    with Store.open(folder, writing=True) as store:
        assert store.items([3]) == [item(3)]
        with pytest.raises(LookalikeError, match=exactly(message)):
            store.items([2])
        with pytest.raises(InvalidItem, match=exactly(message)):
            store.append([NewItem("key", b"c", None, {"m": "m" * 900_000})], [line_vector(7)])
        assert store.append([new_item(7)], [line_vector(7)]).ids == (5,)


def test_pages_in_a_circle_end_the_read_with_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    vectors = random_vectors(120, 2)
    with Store.create(folder, EMBEDDING) as store:
        store.append(oracle_items(vectors), vectors)
    catalog = folder / "catalog.sqlite"
    (root,) = sql(folder, "SELECT rootpage FROM sqlite_schema WHERE name = 'items'")[0]
    data = bytearray(catalog.read_bytes())
    size = page_size(bytes(data))
    start = (root - 1) * size
    assert data[start] == 5  # An inner page of a table.
    (cells,) = struct.unpack_from(">H", data, start + 3)
    first = struct.unpack_from(">H", data, start + 12)[0]
    for cell in range(1, cells):
        (offset,) = struct.unpack_from(">H", data, start + 12 + 2 * cell)
        data[start + offset : start + offset + 4] = data[start + first : start + first + 4]
    catalog.write_bytes(data)
    with Store.open(folder) as store:
        with pytest.raises(StoreCorrupt, match=r"^expected the rows of items in the order of their ids"):
            store.items()
        with pytest.raises(StoreCorrupt):
            store.nearest(line_vector(1), 1)
        assert store.verify() != []


def test_a_journal_that_names_another_file_does_not_get_it_deleted(
    folder: Path, tmp_path: Path, sandbox: Sandbox
) -> None:
    intact = (folder / "catalog.sqlite").read_bytes()
    size = page_size(intact)
    journal_path = folder / "catalog.sqlite-journal"
    with canaries(tmp_path) as (precious, _):
        journal_path.write_bytes(with_super_journal(journal({1: intact[:size]}, len(intact) // size), str(precious)))
        for operation in ("read", "append", "verify"):
            assert sandbox.run(operation, folder) == (
                f"refused: expected {journal_path} to be of the catalog alone, got one that names other files: "
                "something other than Lookalike put it there; remove it, or restore the store from a backup"
            )
    assert (folder / "catalog.sqlite").read_bytes() == intact


def test_a_foreign_write_ahead_log_beside_the_catalog_is_refused(folder: Path, tmp_path: Path) -> None:
    with Store.open(folder) as store:
        expected = store.items()
    other = shutil.copytree(folder, tmp_path / "other") / "catalog.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("UPDATE items SET label = 'theirs'")
    connection.commit()
    log = folder / "catalog.sqlite-wal"
    shutil.copy(f"{other}-wal", log)
    connection.close()
    message = (
        f"expected a catalog without a write-ahead log, got {log}: open and close {folder / 'catalog.sqlite'} with the "
        "program that made the log, or restore the store from a backup"
    )
    before = files(folder)
    with pytest.raises(NotAStore, match=exactly(message)):
        Store.open(folder)
    assert files(folder) == before
    log.unlink()
    with Store.open(folder) as store:
        assert store.items() == expected
