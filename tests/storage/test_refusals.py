"""Invalid calls are refused with one line that says what to do, and nothing is written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage import NewItem, Store
from storage.errors import InvalidItem, InvalidQuery, InvalidVectors, StoreReadOnly, UnknownItem
from tests.errors import error_message
from tests.storage.stores import files, item, line_store, line_vector, line_vectors, new_items

# Writing


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.append(new_items([5]), line_vectors([5])),
        lambda store: store.append([], []),
        lambda store: store.delete(ids=[0]),
        Store.compact,
        Store.publish,
        Store.repair,
    ],
    ids=["append", "append nothing", "delete", "compact", "publish", "repair"],
)
def test_a_store_that_was_opened_for_reading_does_not_write(tmp_path: Path, write: Callable[[Store], object]) -> None:
    folder = line_store(tmp_path)
    before = files(folder)
    with Store.open(folder) as store:
        assert error_message(StoreReadOnly, write, store) == (
            f"expected {folder} to be open for writing, got a store that was opened for reading: open it for writing"
        )
    assert files(folder) == before


UNSTORABLE = "expected an item that can be stored, got key {}: {}"
A_KEY = "its key must be a text of at least one character"
A_VALUE = "its metadata 'm' must be a text, number, truth value or None, got {}"
BYTES = "its content digest must be bytes, and its thumbnail bytes or None"
NUL = "must not contain the NUL character, which PostgreSQL cannot hold"
SURROGATE = "must be valid Unicode, got '\\udcff' at index {}"
A_NAME = (
    "metadata cannot be named {0!r}, which filters take for the item's own {0}; rename it, for example to "
    "'original_{0}'"
)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (NewItem("", b""), UNSTORABLE.format("''", A_KEY)),
        (NewItem(b"bytes", b""), UNSTORABLE.format("b'bytes'", A_KEY)),  # type: ignore[arg-type]
        (NewItem("k", b"", 5), UNSTORABLE.format("'k'", "its label must be a text or None, got int")),  # type: ignore[arg-type]
        (NewItem("a\0b", b""), UNSTORABLE.format("'a\\x00b'", f"its key {NUL}")),
        (NewItem("k", b"", "\0"), UNSTORABLE.format("'k'", f"its label {NUL}")),
        (NewItem("k", b"", None, {"m": "a\0"}), UNSTORABLE.format("'k'", f"its metadata 'm' {NUL}")),
        (NewItem("k", b"", None, {"m\0": 1}), UNSTORABLE.format("'k'", f"the name of its metadata 'm\\x00' {NUL}")),
        (NewItem("k", None), UNSTORABLE.format("'k'", BYTES)),  # type: ignore[arg-type]
        (NewItem("k", b"", thumbnail="png"), UNSTORABLE.format("'k'", BYTES)),  # type: ignore[arg-type]
        (NewItem("\udcff", b""), UNSTORABLE.format("'\\udcff'", f"its key {SURROGATE.format(0)}")),
        (NewItem("k", b"", "l\udcff"), UNSTORABLE.format("'k'", f"its label {SURROGATE.format(1)}")),
        (NewItem("k", b"", None, {"m": "\udcff"}), UNSTORABLE.format("'k'", f"its metadata 'm' {SURROGATE.format(0)}")),
        (
            NewItem("k", b"", None, {"é\udcff": 1}),
            UNSTORABLE.format("'k'", f"the name of its metadata 'é\\udcff' {SURROGATE.format(1)}"),
        ),
        (NewItem("k", b"", None, {"m": np.int64(1)}), UNSTORABLE.format("'k'", A_VALUE.format("int64"))),  # type: ignore[dict-item]
        (NewItem("k", b"", None, {"m": ["n"]}), UNSTORABLE.format("'k'", A_VALUE.format("list"))),  # type: ignore[dict-item]
        (NewItem("k", b"", None, {"a": 1, "m": {}}), UNSTORABLE.format("'k'", A_VALUE.format("dict"))),  # type: ignore[dict-item]
        (NewItem("k", b"", None, {1: "m"}), UNSTORABLE.format("'k'", "the name of its metadata 1 must be a text")),  # type: ignore[dict-item]
        (NewItem("k", b"", None, {"id": 3}), UNSTORABLE.format("'k'", A_NAME.format("id"))),
        (NewItem("k", b"", None, {"a": 1, "key": "x"}), UNSTORABLE.format("'k'", A_NAME.format("key"))),
        (NewItem("k", b"", None, {"label": None}), UNSTORABLE.format("'k'", A_NAME.format("label"))),
        (
            NewItem("k", b"", None, {"m": 10**640}),
            UNSTORABLE.format("'k'", "its metadata 'm' must have at most 640 digits: give it as a text"),
        ),
        (
            NewItem("é" * 1301, b""),
            UNSTORABLE.format(repr("é" * 100 + "..."), "its key must have at most 2,600 bytes in UTF-8, got 2,602"),
        ),
        (
            NewItem("k", b"", "l" * 65_001),
            UNSTORABLE.format("'k'", "its label must have at most 65,000 bytes in UTF-8, got 65,001"),
        ),
        (
            NewItem("k", b"", None, {"m": "m" * 2**20}),
            UNSTORABLE.format("'k'", "its metadata must have at most 1,048,576 bytes as JSON, got 1,048,585"),
        ),
        (
            NewItem("k", b"", thumbnail=bytes(2**20 + 1)),
            UNSTORABLE.format("'k'", "its thumbnail must have at most 1,048,576 bytes, got 1,048,577"),
        ),
        (
            NewItem("k", b"", source="s" * 65_001),
            UNSTORABLE.format("'k'", "its source must have at most 65,000 bytes in UTF-8, got 65,001"),
        ),
        (NewItem("key 6", b""), "expected each key once in a batch, got 'key 6' twice"),
    ],
    ids=lambda value: None if isinstance(value, str) else "",
)
def test_an_item_that_cannot_be_stored_refuses_the_batch(tmp_path: Path, bad: NewItem, message: str) -> None:
    with Store.open(line_store(tmp_path), writing=True) as store:
        before = files(store.folder)
        for batch in ([bad, *new_items([6, 7])], [*new_items([6, 7]), bad]):
            assert error_message(InvalidItem, store.append, batch, line_vectors([6, 7, 8])) == message
        assert files(store.folder) == before
        assert store.append(new_items([5]), line_vectors([5])).ids == (5,)
        assert store.verify() == []


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), np.float64("nan")])
def test_metadata_that_json_cannot_hold_refuses_the_batch(tmp_path: Path, number: float) -> None:
    with Store.open(line_store(tmp_path), writing=True) as store:
        message = UNSTORABLE.format("'k'", f"its metadata 'm' must be a finite number or None, got {float(number)}")
        assert (
            error_message(InvalidItem, store.append, [NewItem("k", b"", None, {"m": number})], line_vector(5))
            == message
        )
        assert len(store) == 5


def test_an_item_with_the_longest_key_label_and_number_is_stored(tmp_path: Path) -> None:
    longest = NewItem("é" * 1300, b"", "l" * 65_000, {"m": 1 - 10**640, 'odd "name"=': "\x01\x7f"})
    with Store.open(line_store(tmp_path), writing=True) as store:
        (id,) = store.append([longest], line_vector(5)).ids
        (stored,) = store.items([id])
        assert (stored.key, stored.label, stored.metadata) == (longest.key, longest.label, longest.metadata)


@pytest.mark.parametrize(
    ("vectors", "error", "message"),
    [
        (line_vectors([5]), InvalidItem, "expected a vector for each of 2 items, got 1 vectors"),
        (line_vectors([5, 6, 7]), InvalidItem, "expected a vector for each of 2 items, got 3 vectors"),
        ([[1, 2, 3]] * 2, InvalidVectors, "expected vectors of 2 dimensions, got an array of shape (2, 3)"),
        (
            [[1, 2], [np.nan, 2]],
            InvalidVectors,
            "expected finite vectors with a squared norm below 3.4e+38, got NaN, infinity or a larger value in row 1",
        ),
    ],
)
def test_invalid_vectors_refuse_the_batch(tmp_path: Path, vectors: Any, error: type[Exception], message: str) -> None:
    with Store.open(line_store(tmp_path), writing=True) as store:
        before = files(store.folder)
        assert error_message(error, store.append, new_items([5, 6]), vectors) == message
        assert files(store.folder) == before


def test_vectors_without_items_are_not_ignored(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path), writing=True) as store:
        assert error_message(InvalidItem, store.append, [], line_vectors([5])) == (
            "expected a vector for each of 0 items, got 1 vectors"
        )
        assert len(store) == 5


# Reading


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (lambda store: store.items([0, 5]), "id 5"),
        (lambda store: store.items([-1]), "id -1"),
        (lambda store: store.items([2**64]), f"id {2**64}"),
        (lambda store: store.vectors([1, 99]), "id 99"),
        (lambda store: store.by_key("nothing"), "key 'nothing'"),
        (lambda store: store.by_key(""), "key ''"),
        (lambda store: store.by_key("\udcff"), "key '\\udcff'"),
        (lambda store: store.by_key("key 1\0"), "key 'key 1\\x00'"),
        (lambda store: store.by_key("' OR 1=1 --"), 'key "\' OR 1=1 --"'),
        (lambda store: store.delete(ids=[0, 5]), "id 5"),
        (lambda store: store.delete(keys=["key 0", "key 5"]), "key 'key 5'"),
    ],
)
def test_an_unknown_item_is_named(tmp_path: Path, read: Callable[[Store], object], name: str) -> None:
    with Store.open(line_store(tmp_path), writing=True) as store:
        assert error_message(UnknownItem, read, store) == (
            f"expected an item of {store.folder}, got {name}, which it does not hold: see `lookalike store info` "
            "for what it holds"
        )
        assert store.items() == [item(number) for number in range(5)]


@pytest.mark.parametrize("k", [0, -1, 2.0, "5", None, True, np.float64(3), np.int64(0)])
def test_k_is_a_whole_number_of_at_least_one(tmp_path: Path, k: Any) -> None:
    with Store.open(line_store(tmp_path)) as store:
        assert error_message(InvalidQuery, store.nearest, line_vector(0), k) == (
            f"expected k to be a whole number of at least 1, got {k!r}"
        )


def test_an_invalid_query_is_refused_as_an_invalid_vector_is(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        assert error_message(InvalidVectors, store.nearest, [1, 2, 3], 1) == (
            "expected vectors of 2 dimensions, got an array of shape (3,)"
        )
        assert error_message(InvalidQuery, store.nearest, line_vectors([0, 1]), 1, exclude=[[0]]) == (
            "expected a list of excluded ids for each of 2 queries, got 1"
        )
