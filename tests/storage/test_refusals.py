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


@pytest.mark.parametrize("closed", [False, True], ids=["opened for reading", "closed"])
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
def test_only_an_open_writer_writes(tmp_path: Path, write: Callable[[Store], object], closed: bool) -> None:
    folder = line_store(tmp_path)
    before = files(folder)
    store = Store.open(folder, writing=closed)
    if closed:
        store.close()
    assert error_message(StoreReadOnly, write, store) == (
        f"expected {folder} to be open for writing, got a store that was opened for reading or is closed: open it for "
        "writing"
    )
    store.close()
    assert {**files(folder), "writer.lock": b""} == {**before, "writer.lock": b""}


UNSTORABLE = "expected an item that can be stored, got key {}: {}"
A_KEY = "a key must be a non-empty string, and a label a string or None"
A_VALUE = "a metadata value must be a string, number, boolean or None"
BYTES = "a content digest must be bytes, and a thumbnail bytes or None"
SURROGATE = "'utf-8' codec can't encode character '\\udcff' in position {}: surrogates not allowed"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (NewItem("", b""), UNSTORABLE.format("''", A_KEY)),
        (NewItem(b"bytes", b""), UNSTORABLE.format("b'bytes'", A_KEY)),  # type: ignore[arg-type]
        (NewItem("k", b"", 5), UNSTORABLE.format("'k'", A_KEY)),  # type: ignore[arg-type]
        (NewItem("a\0b", b""), UNSTORABLE.format("'a\\x00b'", "a key or label must not contain the NUL character")),
        (NewItem("k", b"", "\0"), UNSTORABLE.format("'k'", "a key or label must not contain the NUL character")),
        (NewItem("k", None), UNSTORABLE.format("'k'", BYTES)),  # type: ignore[arg-type]
        (NewItem("k", b"", thumbnail="png"), UNSTORABLE.format("'k'", BYTES)),  # type: ignore[arg-type]
        (NewItem("\udcff", b""), UNSTORABLE.format("'\\udcff'", SURROGATE.format(0))),
        (NewItem("k", b"", "l\udcff"), UNSTORABLE.format("'k'", SURROGATE.format(1))),
        (NewItem("k", b"", None, {"m": "\udcff"}), UNSTORABLE.format("'k'", SURROGATE.format(7))),
        (
            NewItem("k", b"", None, {"m": np.int64(1)}),  # type: ignore[dict-item]
            UNSTORABLE.format("'k'", "a metadata value must be a string, number, boolean or None"),
        ),
        (NewItem("k", b"", None, {1: "m"}), UNSTORABLE.format("'k'", "metadata names must be strings")),  # type: ignore[dict-item]
        (NewItem("k", b"", None, {"m": ["n"]}), UNSTORABLE.format("'k'", A_VALUE)),  # type: ignore[dict-item]
        (NewItem("k", b"", None, {"a": 1, "m": {}}), UNSTORABLE.format("'k'", A_VALUE)),  # type: ignore[dict-item]
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
        # The rest of the message is Python's and depends on its version.
        with pytest.raises(InvalidItem, match=r"^expected an item that can be stored, got key 'k': Out of range float"):
            store.append([NewItem("k", b"", None, {"m": number})], line_vector(5))
        assert len(store) == 5


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
