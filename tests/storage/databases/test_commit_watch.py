"""The version of a catalog's file: another one after each commit of anyone, and when the file is another."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import Store
from storage.databases.sqlite_file import SqliteFile
from storage.errors import NotAStore, StoreClosed, StoreNotFound
from tests.errors import error_message
from tests.storage.stores import line_store, sql


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return line_store(tmp_path)


@pytest.fixture
def database(folder: Path) -> Iterator[SqliteFile]:
    database = SqliteFile(folder / "catalog.sqlite")
    yield database
    database.close()


def test_it_stays_while_nothing_is_committed(database: SqliteFile) -> None:
    version = database.version()
    with database.reading() as catalog:
        catalog.history.last_batch()
    assert database.version() == database.version() == version


def test_each_commit_changes_it_whoever_commits(database: SqliteFile, folder: Path) -> None:
    versions = [database.version()]
    with database.writing() as catalog:
        catalog.connection.exec_driver_sql("UPDATE batches SET live = live + 1")
    versions.append(database.version())
    sql(folder, "UPDATE batches SET live = live - 1")
    versions.append(database.version())
    with Store.open(folder, writing=True) as writer:
        writer.delete(ids=[0])
    versions.append(database.version())
    assert len(set(versions)) == 4
    assert database.version() == versions[-1]


def test_another_file_in_its_place_changes_it_and_is_read_from_then_on(
    database: SqliteFile, folder: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(folder / "catalog.sqlite", tmp_path / "copy.sqlite"))
    version = database.version()
    with database.reading() as catalog:
        assert catalog.history.last_batch().number == 1
    with Store.open(folder, writing=True) as writer:
        writer.delete(ids=[0])
    with database.reading() as catalog:
        assert catalog.history.last_batch().number == 2
    copy.replace(folder / "catalog.sqlite")
    assert database.version() not in (version, None)
    with database.reading() as catalog:
        assert catalog.history.last_batch().number == 1


def test_what_is_no_catalog_is_refused_in_its_place(database: SqliteFile, folder: Path, tmp_path: Path) -> None:
    database.version()
    (tmp_path / "other").write_bytes(b"no database" * 100)
    (tmp_path / "other").replace(folder / "catalog.sqlite")
    for _ in range(2):
        with pytest.raises(NotAStore):
            database.version()


def test_a_catalog_that_is_gone_is_said_to_be(database: SqliteFile, folder: Path) -> None:
    database.version()
    (folder / "catalog.sqlite").unlink()
    assert error_message(StoreNotFound, database.version) == (
        f"expected the catalog at {folder / 'catalog.sqlite'}, got 'No such file or directory': the store was moved or "
        "removed; open it again where it is"
    )


def test_a_closed_database_has_no_version(database: SqliteFile) -> None:
    database.version()
    database.close()
    with pytest.raises(StoreClosed):
        database.version()


def test_at_once_it_is_the_same_until_a_commit(database: SqliteFile, folder: Path) -> None:
    version = database.version()
    assert database.version_at_once() == version
    sql(folder, "UPDATE batches SET live = live + 1")
    changed = database.version_at_once()
    assert changed not in (version, None)
    assert database.version() == changed


def test_at_once_there_is_none_while_another_connection_commits(database: SqliteFile, folder: Path) -> None:
    version = database.version()
    writer = sqlite3.connect(folder / "catalog.sqlite", isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    assert database.version_at_once() is None
    writer.execute("ROLLBACK")
    writer.close()
    assert database.version_at_once() == database.version() == version


def test_at_once_there_is_none_of_a_file_that_was_not_looked_at(
    database: SqliteFile, folder: Path, tmp_path: Path
) -> None:
    assert database.version_at_once() is None
    database.version()
    Path(shutil.copy(folder / "catalog.sqlite", tmp_path / "copy.sqlite")).replace(folder / "catalog.sqlite")
    assert database.version_at_once() is None
    database.version()
    (folder / "catalog.sqlite").unlink()
    assert database.version_at_once() is None
    database.close()
    assert database.version_at_once() is None
