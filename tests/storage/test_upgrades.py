"""Stores of older formats are read as they are and brought up to date by a writer; newer ones are refused."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage import Embedding, NewItem, Store, database
from storage.errors import StoreCorrupt, StoreVersion


def made(folder: Path) -> Path:
    with Store.create(folder / "store", Embedding(2, "f" * 64)) as store:
        store.append([NewItem("one", b"c", "1"), NewItem("two", b"c", "2")], [[1, 0], [2, 0]])
        store.publish()
    return folder / "store"


def labels(store: Store) -> list[str | None]:
    return [hit.label for hit in store.nearest([2.1, 0], 2)[0]]


def version_of(store: Path) -> int:
    with sqlite3.connect(store / "catalog.sqlite") as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return version


def next_format(monkeypatch: pytest.MonkeyPatch, upgrade: Callable[[sa.Connection], None]) -> None:
    """Pretend that there is a format 2, which has what format 1 has."""
    monkeypatch.setattr(database, "SCHEMA_VERSION", 2)
    monkeypatch.setattr(database, "UPGRADES", {1: upgrade})


def relabel(connection: sa.Connection) -> None:
    connection.exec_driver_sql("DELETE FROM set_aside")
    connection.exec_driver_sql("CREATE TABLE trace (x)")
    connection.exec_driver_sql("DROP TABLE trace")


def test_a_reader_opens_an_older_store_and_leaves_it_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path)
    next_format(monkeypatch, relabel)
    before = (folder / "catalog.sqlite").read_bytes()
    with Store.open(folder) as store:
        assert labels(store) == ["2", "1"]
        assert store.info().format == 1
    assert (folder / "catalog.sqlite").read_bytes() == before


def test_the_first_writer_upgrades_an_older_store_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path)
    ran: list[str] = []

    def upgrade(connection: sa.Connection) -> None:
        relabel(connection)
        ran.append("ran")

    next_format(monkeypatch, upgrade)
    for _ in range(2):
        with Store.open(folder, writing=True) as store:
            assert labels(store) == ["2", "1"]
            assert store.info().format == 2
            assert store.verify() == []
    assert ran == ["ran"]
    assert version_of(folder) == 2


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path)

    def failing(connection: sa.Connection) -> None:
        relabel(connection)
        connection.exec_driver_sql("DELETE FROM generations")
        raise OSError("the plug was pulled")

    next_format(monkeypatch, failing)
    with pytest.raises(OSError, match="the plug was pulled"):
        Store.open(folder, writing=True)
    assert version_of(folder) == 1
    monkeypatch.undo()
    with Store.open(folder, writing=True) as store:
        assert store.verify() == []
        assert len(store.info().generations) == 1


def test_a_store_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with sqlite3.connect(folder / "catalog.sqlite") as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    for writing in (False, True):
        with pytest.raises(StoreVersion) as caught:
            Store.open(folder, writing=writing)
        assert str(caught.value) == (
            f"expected a store of version 1 or older at {folder / 'catalog.sqlite'}, got version 9: "
            "open it with a newer Lookalike"
        )


def test_a_catalog_without_a_version_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with sqlite3.connect(folder / "catalog.sqlite") as connection:
        connection.execute("PRAGMA user_version = 0")
    connection.close()
    with pytest.raises(StoreCorrupt, match="expected the tables of a Lookalike catalog and nothing else"):
        Store.open(folder)
