"""Stores of older formats give the same answers and are upgraded by the first writer; newer formats are refused."""

import json
import re
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage import Embedding, NewItem, Store
from storage.catalog.schema import SCHEMA_VERSION
from storage.catalog.upgrades import UPGRADES
from storage.databases import sqlite_file
from storage.errors import StoreCorrupt, StoreVersion
from tests.errors import error_message
from tests.storage.catalog.formats.make import FORMATS, answers
from tests.storage.stores import sql

OLDER = sorted(int(folder.name) for folder in FORMATS.iterdir() if folder.name.isdigit())


def copied(format: int, folder: Path) -> Path:
    return Path(shutil.copytree(FORMATS / str(format) / "store", folder / "store"))


def expected(format: int) -> object:
    return json.loads((FORMATS / str(format) / "answers.json").read_text(encoding="utf-8"))


def definitions(store: Path) -> set[str]:
    """Return the SQL of a catalog's tables and indexes, without spaces and quotes."""
    rows = sql(store, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {re.sub(r'[\s"]+', "", statement) for (statement,) in rows}


def test_there_is_a_store_of_every_older_format() -> None:
    assert list(range(1, SCHEMA_VERSION)) == OLDER


@pytest.mark.parametrize("format", OLDER)
def test_a_reader_gets_the_same_answers_from_an_older_store_and_does_not_change_it(format: int, tmp_path: Path) -> None:
    folder = copied(format, tmp_path)
    before = (folder / "catalog.sqlite").read_bytes()
    with Store.open(folder) as store:
        assert answers(store) == expected(format)
        assert store.info().format == format
        assert store.verify() == []
        assert store.jobs() == []
        assert store.rejects() == []
    assert (folder / "catalog.sqlite").read_bytes() == before


@pytest.mark.parametrize("format", OLDER)
def test_the_first_writer_upgrades_an_older_store(format: int, tmp_path: Path) -> None:
    folder = copied(format, tmp_path)
    for _ in range(2):
        with Store.open(folder, writing=True) as store:
            assert answers(store) == expected(format)
            assert store.info().format == SCHEMA_VERSION
            assert store.verify() == []
    with Store.open(folder, writing=True) as store:
        assert store.append([NewItem("new", b"c")], [[0, 0, 0, 0.5]]).ids == (31,)
        store.publish()
        assert store.nearest([0, 0, 0, 0], 1)[0][0].key == "new"
        assert store.verify() == []


@pytest.mark.parametrize("format", OLDER)
def test_an_upgraded_catalog_has_the_tables_of_a_new_one(format: int, tmp_path: Path) -> None:
    folder = copied(format, tmp_path)
    Store.open(folder, writing=True).close()
    Store.create(tmp_path / "new", Embedding(2, "f" * 64)).close()
    assert definitions(folder) == definitions(tmp_path / "new")


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copied(1, tmp_path)

    def failing(connection: sa.Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half (x)")
        connection.exec_driver_sql("DELETE FROM generations")
        raise OSError("the plug was pulled")

    monkeypatch.setattr(sqlite_file, "UPGRADES", {**UPGRADES, SCHEMA_VERSION - 1: failing})
    with pytest.raises(OSError, match="the plug was pulled"):
        Store.open(folder, writing=True)
    assert sql(folder, "PRAGMA user_version") == [(1,)]
    with Store.open(folder) as store:
        assert answers(store) == expected(1)
        assert store.verify() == []


def test_a_store_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    folder = copied(1, tmp_path)
    sql(folder, "PRAGMA user_version = 99")
    message = (
        f"expected a store of version {SCHEMA_VERSION} or older at {folder / 'catalog.sqlite'}, got version 99: "
        "open it with a newer Lookalike"
    )
    for writing in (False, True):
        assert error_message(StoreVersion, Store.open, folder, writing=writing) == message


@pytest.mark.parametrize("version", [0, -1])
def test_a_catalog_without_a_version_is_refused(version: int, tmp_path: Path) -> None:
    folder = copied(1, tmp_path)
    sql(folder, f"PRAGMA user_version = {version}")
    with pytest.raises(StoreCorrupt, match="expected the tables of a Lookalike catalog and nothing else"):
        Store.open(folder)
