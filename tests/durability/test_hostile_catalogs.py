"""Hostile catalogs: with other tables, impossible records, and values whose checksums are right."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage import Store
from storage.errors import NotAStore, StoreCorrupt, UnknownItem
from tests.durability.forging import forge, forge_embedding, redefine
from tests.durability.sandbox import canaries, outcome_of
from tests.errors import exactly
from tests.storage.stores import item, line_store, line_vector, new_item, sql


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a store of seven items in four batches, the first three covered by an index file, one deleted."""
    folder = line_store(tmp_path, 5, batch=2, published=True)
    with Store.open(folder, writing=True) as store:
        store.append([new_item(5), new_item(6)], [line_vector(5), line_vector(6)])
        store.delete(ids=[5])
    return folder


@pytest.mark.parametrize(
    ("statement", "got"),
    [
        ("ALTER TABLE items ADD COLUMN more TEXT DEFAULT 'x'", "table items of another shape"),
        ("ALTER TABLE items ADD COLUMN more TEXT AS (label || key)", "table items of another shape"),
        ("ALTER TABLE items ADD COLUMN more TEXT CHECK (more <> 'x')", "table items of another shape"),
        ("ALTER TABLE thumbnails RENAME COLUMN png TO label", "table thumbnails of another shape"),
        ("CREATE INDEX more ON items (lower(label))", "index more"),
        ("CREATE VIRTUAL TABLE more USING fts5(label)", "table more, table more_config, table more_content"),
        ("CREATE VIEW more AS SELECT label FROM items", "view more"),
        ("CREATE TRIGGER more AFTER INSERT ON items BEGIN DELETE FROM items; END", "trigger more"),
        ("ANALYZE", "table sqlite_stat1"),
        ("DROP TABLE rejects", "no table rejects"),
        ("DROP INDEX items_live_key; CREATE INDEX items_live_key ON items (label)", "index items_live_key of another"),
        ("DROP TABLE rejects; CREATE VIEW rejects AS SELECT 'k' AS key, 1 AS job", "no table rejects, view rejects"),
    ],
)
def test_a_catalog_with_other_tables_is_refused(folder: Path, statement: str, got: str) -> None:
    connection = sqlite3.connect(folder / "catalog.sqlite")
    connection.executescript(statement)
    connection.close()
    for writing in (False, True):
        message = (
            f"expected the tables of a Lookalike catalog and nothing else in {folder / 'catalog.sqlite'}, got {got}"
        )
        with pytest.raises(StoreCorrupt, match=exactly(message)[:-1]):
            Store.open(folder, writing=writing)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("items", "id INTEGER NOT NULL", "id IN TEGER NOT NULL"),
        ("items", "id INTEGER NOT NULL", 'id "INTEGER NOT" NULL'),
        ("items", "label TEXT", "label TEXT COLLATE NOCASE"),
        ("items", "label TEXT", "label TEXT /* , */"),
        ("items", "vector BLOB NOT NULL", "vector BLOB NOT NULL DEFAULT (zeroblob(9))"),
        ("items", "PRIMARY KEY (id)", "PRIMARY KEY (id) ON CONFLICT REPLACE"),
        ("items_live_key", "deleted_in IS NULL", "deleted_in IS NULL AND id > 1"),
    ],
)
def test_a_table_with_another_definition_is_refused(folder: Path, name: str, old: str, new: str) -> None:
    redefine(folder, name, old, new)
    # SQLite itself may be the one that refuses it.
    with pytest.raises((StoreCorrupt, NotAStore)):
        Store.open(folder)


VALUES: list[Any] = ["text", -1, 2**62, b"\xff"]
COLUMNS = {
    "embedding": ("dim", "fingerprint", "spec", "sha256"),
    "batches": ("live", "next_id", "chain"),
    "items": ("batch", "deleted_in", "key", "label", "content", "metadata", "vector", "checksum"),
    "thumbnails": ("png", "checksum"),
    "generations": ("batch", "chain", "items", "size", "sha256"),
    "jobs": ("source", "total", "added", "finished"),
    "job_changes": ("moved", "pruned"),
    "sources": ("name",),
    "item_sources": ("source", "checksum"),
    "rejects": ("key", "reason"),
}


@pytest.mark.parametrize(("table", "column"), [(table, column) for table in COLUMNS for column in COLUMNS[table]])
def test_a_value_of_any_type_in_any_column_is_refused_or_does_no_harm(
    folder: Path, tmp_path: Path, table: str, column: str
) -> None:
    sql(folder, "INSERT INTO jobs VALUES (1, 'source', 1, 0, 0, 0, 1, 1)")
    sql(folder, "INSERT INTO rejects VALUES ('key', 1, 'reason')")
    sql(folder, "INSERT INTO job_changes VALUES (1, 1, 0, 0)")
    with Store.open(folder, writing=True) as opened:
        opened.write_sources({6: "folder:/pictures"})
    for number, value in enumerate(VALUES):
        store = shutil.copytree(folder, tmp_path / f"copy {number}")
        last = f"rowid = (SELECT max(rowid) FROM {table})"
        sql(store, f"UPDATE {table} SET {column} = ? WHERE {last}", value)
        for operation in ("read", "verify", "append", "repair"):
            outcome = outcome_of(operation, store)
            assert outcome == "done" or outcome.startswith("refused: "), (value, operation, outcome)
            assert "\n" not in outcome


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE items SET batch = 'text' WHERE id = 5",
        "UPDATE items SET batch = 9 WHERE id = 5",
        "UPDATE items SET deleted_in = 'text' WHERE id = 5",
        "UPDATE items SET deleted_in = 0 WHERE id = 5",
        "UPDATE items SET label = 'x' WHERE id = 5",
        "DELETE FROM items WHERE id = 5",
    ],
)
def test_an_item_counts_as_deleted_only_when_its_tombstone_is_possible(folder: Path, statement: str) -> None:
    with Store.open(folder) as store, pytest.raises(UnknownItem):
        store.items([5])
    sql(folder, statement)
    message = (
        "expected item 5, which was stored, to be there or to be deleted: rows were lost or changed after they were "
        "written; run `lookalike store repair`, or restore the store from a backup"
    )
    with Store.open(folder) as store, pytest.raises(StoreCorrupt, match=exactly(message)):
        store.items([5])


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"vector": np.array([np.nan, 0], "<f4").tobytes()}, None),
        ({"vector": np.array([0, np.inf], "<f4").tobytes()}, None),
        ({"vector": np.array([3e38, 3e38], "<f4").tobytes()}, None),
        ({"vector": bytes(12)}, "a vector of 2 dimensions, got 12 bytes"),
        ({"vector": bytes(7)}, "a vector of 2 dimensions, got 7 bytes"),
        ({"metadata": "nonsense"}, "text and metadata that can be read, got Expecting value: line 1 column 1 (char 0)"),
        ({"metadata": "[1]"}, "text and metadata that can be read, got metadata that is not an object"),
        ({"metadata": '{"a": NaN}'}, "text and metadata that can be read, got the number NaN"),
        ({"metadata": '{"a": 1e999}'}, "text and metadata that can be read, got the number 1e999"),
        ({"metadata": b'{"a": "\xff"}'}, "text and metadata that can be read, got 'utf-8' codec can't decode"),
        ({"label": b"\xff"}, "text and metadata that can be read, got 'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_an_invalid_row_is_refused_though_its_checksum_is_right(
    folder: Path, fields: dict[str, Any], problem: str | None
) -> None:
    forge(folder, 3, **fields)
    refused = (
        "expected vectors that can be searched, got NaN, infinity or larger values than float32 holds squared"
        if problem is None
        else f"expected item 3 to have {problem}"
    )
    with Store.open(folder) as store:
        reads: list[Callable[[], object]] = [lambda: store.nearest(line_vector(3), 5)]
        if problem is not None:
            reads.append(lambda: store.vectors([3]) if "vector" in fields else store.items([3]))
        for read in reads:
            with pytest.raises(StoreCorrupt, match=exactly(refused)[:-1]):
                read()
        # Other items can still be read.
        assert store.items([1, 2]) == [item(1), item(2)]


def test_deep_metadata_is_refused(folder: Path) -> None:
    forge(folder, 3, metadata='{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with Store.open(folder) as store, pytest.raises(StoreCorrupt, match=r"^expected item 3 to have text and metadata"):
        store.items()


@pytest.mark.parametrize(
    ("values", "got"),
    [
        ({"dim": 0}, "'0' dimensions"),
        ({"dim": -2}, "'-2' dimensions"),
        ({"dim": 2**40}, "'1099511627776' dimensions"),
        ({"dim": "two"}, "'two' dimensions"),
        ({"fingerprint": b"f"}, "a fingerprint that is no text, or a long one"),
        ({"spec": "[1]"}, "a description of type list"),
        ({"spec": "nonsense"}, "Expecting value: line 1 column 1 (char 0)"),
        ({"spec": "[" * 100_000}, "maximum recursion depth exceeded"),
    ],
)
def test_an_invalid_embedding_is_refused_though_its_checksum_is_right(
    folder: Path, values: dict[str, Any], got: str
) -> None:
    forge_embedding(folder, **values)
    message = f"expected a possible embedding, got one with the right checksum and {got}"
    with pytest.raises(StoreCorrupt, match=exactly(message)[:-1]):
        Store.open(folder)


def test_a_forged_row_that_is_valid_is_an_item_like_others(folder: Path) -> None:
    """Checksums protect against accidents, not against people who can write the catalog."""
    forge(folder, 3, label="forged")
    with Store.open(folder) as store:
        assert store.nearest(line_vector(3), 1)[0][0].label == "forged"
        assert store.verify() == []


@pytest.mark.parametrize(
    "values",
    [
        {"sha256": "../../../outside/precious.txt"},
        {"sha256": b"../../../outside"},
        {"number": 2**62},
        {"number": -5},
        {"items": 2**59, "size": 2**62 + 45},
        {"items": 10**12, "size": 45},
        {"size": 2**62},
    ],
)
def test_a_forged_record_of_an_index_file_is_ignored(folder: Path, tmp_path: Path, values: dict[str, object]) -> None:
    for name, value in values.items():
        sql(folder, f"UPDATE generations SET {name} = ?", value)
    with canaries(tmp_path), Store.open(folder) as store:
        assert store.items([3]) == [item(3)]
        assert [hit.id for hit in store.nearest(line_vector(3), 2)[0]] == [3, 2]
