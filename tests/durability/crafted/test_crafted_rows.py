"""Rows of items with right checksums that no job can have written: `verify` names them, `repair` quarantines them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.types.storable import MAX_KEY_BYTES, MAX_LABEL_BYTES
from tests.durability.crafted.commands import Matrix
from tests.durability.forging import alter
from tests.storage.stores import sql

TEXT = "CAST(? AS TEXT)"

#: For each column of items the values that nothing can be done with.
IMPOSSIBLE: dict[str, Sequence[Any]] = {
    "key": ["", b"\xff", b"\xed\xa0\x80", b"k" * (MAX_KEY_BYTES + 1)],
    "label": [b"\xff", b"l" * (MAX_LABEL_BYTES + 1)],
    "metadata": [
        b"",
        b"nonsense",
        b"null",
        b'"text"',
        b"[1]",
        b"{} {}",
        b'{"a": 1}\0',
        b"{a: 1}",
        b'{"a": 0x10}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": ' + b"9" * 641 + b"}",
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"a": [1]}',
        b'{"a": {"b": 1}}',
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' * 500 + b"1" + b"}" * 500,
        rb'{"a": "\ud800"}',
        rb'{"\ud800": 1}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
    ],
    "vector": [
        b"\0" * 7,
        b"\0" * 20,
        *(np.array(vector, "<f4").tobytes() for vector in ([np.nan] * 4, [np.inf, 0, 0, 0], [1e20, 0, 0, 0])),
    ],
}


@pytest.mark.parametrize("column", IMPOSSIBLE)
def test_an_item_that_cannot_be_read_is_named_and_quarantined(store: Path, matrix: Matrix, column: str) -> None:
    for value in IMPOSSIBLE[column]:
        id, stored = _next_item(store), "?" if column == "vector" else TEXT
        alter(store, f"UPDATE items SET {column} = {stored} WHERE id = ?", value, id)
        verified = matrix.run("store verify --store STORE", store)
        assert verified.status == 1, value[:100]
        assert verified.err.startswith(f"expected item {id} to have ")
        assert matrix.run("search query --store STORE --vector DIR/vector.npy -k 99", store).status == 1
        repaired = matrix.run("store repair --store STORE", store)
        assert repaired.status == 0, (value[:100], repaired.err)
    assert matrix.failing(store) == {}


def _next_item(store: Path) -> int:
    """Add an item as the first one is, and return its id."""
    ((id,),) = sql(store, "SELECT max(id) + 1 FROM items")
    sql(store, "INSERT INTO batches SELECT max(number) + 1, 0, 0, x'' FROM batches")
    sql(
        store,
        "INSERT INTO items SELECT ?, (SELECT max(number) FROM batches), NULL, 'crafted', label, content, metadata, "
        "vector, x'' FROM items WHERE id = 0",
        id,
    )
    return int(id)


@pytest.mark.parametrize("column", ["key", "label", "metadata"])
def test_a_text_that_is_stored_as_bytes_does_not_match_its_checksum(store: Path, matrix: Matrix, column: str) -> None:
    alter(store, f"UPDATE items SET {column} = CAST({column} AS BLOB) WHERE id = 3")
    assert matrix.run("store verify --store STORE", store).err.splitlines()[0] == (
        "item 3: its fields do not match its checksum"
    )
    assert matrix.run("store repair --store STORE", store).status == 0
    assert matrix.failing(store) == {}


def test_unusual_items_are_like_others(store: Path, matrix: Matrix) -> None:
    """Older stores have names and texts that are refused today; nothing keeps spaces out of JSON."""
    metadata = [
        '{ "width" :4 ,\n"a":-0}',
        r'{"a": "x\u0000y", "b\u0000": 1}',
        '{"id": 3, "key": "x", "label": null}',
        '{"width": "wide", "height": true, "source": 5, "path": 7, "": 1e308}',
        json.dumps({"\x1b[31m": "\x1b[31m", **{f"name {number}": number for number in range(2000)}}),
    ]
    for id, text in enumerate(metadata):
        alter(store, "UPDATE items SET metadata = ? WHERE id = ?", text, id)
    alter(store, "UPDATE items SET label = ? WHERE id = 2", "l" * MAX_LABEL_BYTES)
    alter(store, "UPDATE items SET key = ? WHERE id = 4", "k" * MAX_KEY_BYTES)
    alter(store, "UPDATE items SET key = ?, label = ? WHERE id = 3", "a\0b", "\0")
    # The columns of the generations are those of the items as they were before.
    assert matrix.run("store repair --store STORE", store).status == 0
    assert matrix.run("store verify --store STORE", store).status == 0
    assert matrix.failing(store) == {}


def test_a_deleted_item_that_cannot_be_read_is_emptied(store: Path, matrix: Matrix) -> None:
    for vector in (None, b""):
        alter(store, "UPDATE items SET key = CAST(x'ff' AS TEXT), vector = coalesce(?, vector) WHERE id = 6", vector)
        assert matrix.run("store verify --store STORE", store).err.startswith("expected item 6 to have text")
        assert matrix.run("store repair --store STORE", store).status == 0
        assert sql(store, "SELECT key, label, metadata, vector FROM items WHERE id = 6") == [("", None, "{}", b"")]
    assert matrix.failing(store) == {}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE items SET id = 9223372036854775807 WHERE id = 6",
        "UPDATE items SET id = 100 WHERE id = 6",
        "UPDATE items SET id = -3 WHERE id = 0",
        "UPDATE items SET batch = 2 WHERE id = 0",
        "UPDATE items SET batch = 0 WHERE id = 0",
        "UPDATE items SET deleted_in = 1 WHERE id = 4",
        "UPDATE items SET deleted_in = 'text' WHERE id = 4",
        "UPDATE items SET key = NULL WHERE id = 3",
        "UPDATE items SET metadata = NULL WHERE id = 3",
        "DELETE FROM items",
        "DELETE FROM batches WHERE number = 1",
        "UPDATE batches SET number = 9223372036854775807 WHERE number = 3",
    ],
)
def test_an_impossible_history_is_reported_and_repaired_or_refused(store: Path, matrix: Matrix, statement: str) -> None:
    alter(store, statement)
    assert matrix.run("store verify --store STORE", store).status == 1
    if matrix.run("store repair --store STORE", store).status == 0:
        assert matrix.run("store verify --store STORE", store).status == 0
        assert matrix.failing(store, short=True) == {}
