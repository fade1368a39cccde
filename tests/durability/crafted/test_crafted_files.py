"""Other settings of SQLite and other files in a store's folder: refused, or harmless."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.durability.crafted.commands import Matrix
from tests.durability.forging import alter
from tests.durability.sandbox import canaries


def with_settings(*statements: str) -> Callable[[Path], None]:
    def change(store: Path) -> None:
        with closing(sqlite3.connect(store / "catalog.sqlite", isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    return change


def with_header(offset: int, data: bytes) -> Callable[[Path], None]:
    def change(store: Path) -> None:
        with (store / "catalog.sqlite").open("r+b") as file:
            file.seek(offset)
            file.write(data)

    return change


def in_utf_16(store: Path) -> None:
    path = store / "catalog.sqlite"
    with closing(sqlite3.connect(path)) as original:
        statements = list(original.iterdump())
        marks = [original.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    path.unlink()
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("PRAGMA encoding = 'UTF-16le'")
        copy.executescript("\n".join(statements))
        copy.execute(f"PRAGMA application_id = {marks[0]}")
        copy.execute(f"PRAGMA user_version = {marks[1]}")


#: Settings and headers of a catalog; the header's fields are in https://sqlite.org/fileformat2.html#the_database_header.
HARMLESS = {
    "auto_vacuum": with_settings("PRAGMA auto_vacuum = 1", "VACUUM"),
    "incremental auto_vacuum": with_settings("PRAGMA auto_vacuum = 2", "VACUUM"),
    "small pages": with_settings("PRAGMA page_size = 512", "VACUUM"),
    "large pages": with_settings("PRAGMA page_size = 65536", "VACUUM"),
    "a small cache": with_settings("PRAGMA default_cache_size = 1"),
    "a write-ahead log that is not there": with_header(18, b"\2\2"),
    "another change counter": with_header(24, bytes(4)),
}
REFUSED = {
    "texts in UTF-16": in_utf_16,
    "a version of the file format to come": with_header(18, b"\3\3"),
    "reserved bytes": with_header(20, b"\x20"),
    "a schema format to come": with_header(44, b"\0\0\0\x09"),
    "the mark of another program": with_settings("PRAGMA application_id = 5"),
    "no version": with_settings("PRAGMA user_version = 0"),
    "a negative version": with_settings("PRAGMA user_version = -1"),
    "an older version": with_settings("PRAGMA user_version = 2"),
    "a version to come": with_settings("PRAGMA user_version = 99"),
    "a trigger": with_settings("CREATE TRIGGER more AFTER INSERT ON items BEGIN DELETE FROM items; END"),
    "a view": with_settings("ALTER TABLE rejects RENAME TO other", "CREATE VIEW rejects AS SELECT * FROM other"),
    "an index on an expression": with_settings("CREATE INDEX more ON items (lower(label))"),
    "a generated column": with_settings("ALTER TABLE items ADD COLUMN more TEXT AS (label || key)"),
}


@pytest.mark.parametrize("setting", HARMLESS)
def test_a_setting_of_sqlite_does_no_harm(store: Path, matrix: Matrix, setting: str) -> None:
    HARMLESS[setting](store)
    assert matrix.failing(store, short=True) == {}
    for words in ("store verify --store STORE", "store delete --key a/2.png --compact --store STORE"):
        assert matrix.run(words, store).status == 0


@pytest.mark.parametrize("setting", REFUSED)
def test_another_catalog_is_refused_in_a_line(store: Path, matrix: Matrix, setting: str) -> None:
    REFUSED[setting](store)
    for words in ("store verify --store STORE", "store repair --store STORE", "store info --store STORE"):
        refused = matrix.run(words, store)
        assert (refused.status, len(refused.err.splitlines())) == (1, 1)
        assert refused.err.startswith("error: expected ")


def a_copy_without(statement: str) -> Callable[[Path, Path], None]:
    def write(renewal: Path, store: Path) -> None:
        shutil.copytree(store, renewal.with_name("copy"))
        shutil.move(renewal.with_name("copy"), renewal)
        alter(renewal, statement)

    return write


def files_in(renewal: Path, name: str) -> Path:
    renewal.mkdir()
    return renewal / name


#: What can stand where a renewal keeps its vectors, and whether a renewal then ends by itself.
RENEWALS: dict[str, tuple[Callable[[Path, Path], object], bool]] = {
    "a file": (lambda path, _: path.write_bytes(b""), False),
    "a pipe": (lambda path, _: os.mkfifo(path), False),
    "a link": (lambda path, store: path.symlink_to(store.parent / "outside"), False),
    "other files": (lambda path, _: files_in(path, "notes.txt").write_bytes(b"mine"), False),
    "nonsense": (lambda path, _: files_in(path, "catalog.sqlite").write_bytes(b"nonsense" * 100), True),
    "a pipe for a catalog": (lambda path, _: os.mkfifo(files_in(path, "catalog.sqlite")), True),
    "a link for a catalog": (
        lambda path, store: files_in(path, "catalog.sqlite").symlink_to(store / "catalog.sqlite"),
        True,
    ),
    "a store of the same vectors": (a_copy_without("DELETE FROM rejects"), True),
    "a store without a head": (a_copy_without("DELETE FROM arrays"), True),
    "a store of damaged rows": (a_copy_without("UPDATE items SET metadata = 'nonsense'"), True),
}


@pytest.mark.parametrize("name", RENEWALS)
def test_a_crafted_renewal_is_removed_or_refused_and_nothing_outside_is_touched(
    store: Path, matrix: Matrix, tmp_path: Path, name: str
) -> None:
    write, ends = RENEWALS[name]
    alter(store, "UPDATE embedding SET spec = json_set(spec, '$.fitted_on', 1)")
    with canaries(tmp_path):
        write(store / "renewal", store)
        assert matrix.run("jobs renew --store STORE", store).status == (0 if ends else 1)
        if ends:
            assert not (store / "renewal").exists()
            assert matrix.failing(store, short=True) == {}
