"""The store returns what was stored, before and after it is reopened."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage import AppendResult, Embedding, Hit, Item, NewItem, Store
from storage.errors import InvalidQuery
from tests.errors import error_message
from tests.storage.stores import (
    EMBEDDING,
    content,
    hit,
    item,
    line_store,
    line_vector,
    line_vectors,
    new_item,
    new_items,
    oracle_items,
    random_vectors,
)

#: The hits of the vector of item 2 in a store of five items.
OF_TWO = [hit(1, 2, 0.0), hit(2, 1, 2.0), hit(3, 0, 3.0), hit(4, 3, 4.0), hit(5, 4, 12.0)]


def test_a_new_store_is_empty(tmp_path: Path) -> None:
    with Store.create(tmp_path / "a" / "store", EMBEDDING) as store:
        assert (len(store), store.dim, store.items(), store.label_counts()) == (0, 2, [], {})
        assert store.nearest([[1, 2], [3, 4]], 5) == [[], []]
        ids, vectors = store.all_vectors()
        assert (ids.tolist(), vectors.shape) == ([], (0, 2))
        assert list(store.pages(10)) == []
        assert store.verify() == []


def test_appended_items_are_found_at_once_and_after_reopening(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        assert store.append(new_items([0, 1, 2]), line_vectors([0, 1, 2])) == AppendResult((0, 1, 2), 0)
        assert store.append(new_items([3, 4]), line_vectors([3, 4])) == AppendResult((3, 4), 0)
        assert store.nearest(line_vector(2), 5) == [OF_TWO]
    with Store.open(tmp_path / "store") as reopened:
        assert len(reopened) == 5
        assert reopened.items() == [item(number) for number in range(5)]
        assert reopened.nearest(line_vector(2), 5) == [OF_TWO]
        assert reopened.thumbnails([4, 0, 99]) == {0: b"png 0", 4: b"png 4"}
        assert reopened.label_counts() == {f"label {number}": 1 for number in range(5)}
        ids, vectors = reopened.all_vectors()
        assert (ids.tolist(), vectors.tolist()) == (list(range(5)), line_vectors(range(5)))
        assert reopened.verify() == []


def test_the_embedding_is_returned_as_it_was_given(tmp_path: Path) -> None:
    arrays = {"mean": np.arange(6, dtype=np.float32).reshape(2, 3), "scale": np.array([0.1], np.float32)}
    spec = {"recipe": {"name": "naïve ✓"}, "seed": 7, "list": [1, None, 0.1]}
    with Store.create(tmp_path / "store", Embedding(3, "a" * 64, spec, arrays)):
        pass
    with Store.open(tmp_path / "store") as store:
        read = store.embedding
    assert (read.dim, read.fingerprint, read.spec, read.name) == (3, "a" * 64, spec, "naïve ✓")
    assert {name: (array.dtype.str, array.tolist()) for name, array in read.arrays.items()} == {
        "mean": ("<f4", [[0, 1, 2], [3, 4, 5]]),
        "scale": ("<f4", [np.float32(0.1)]),
    }


def test_items_are_found_by_id_and_by_key_in_the_order_asked(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        assert store.items([3, 0, 3]) == [item(3), item(0), item(3)]
        assert store.by_key("key 4") == item(4)
        assert store.vectors([4, 1]).tolist() == line_vectors([4, 1])
        assert store.vectors([]).shape == (0, 2)
        assert store.items([]) == []
        assert store.content_digests(["key 1", "nothing", "key 3"]) == {"key 1": content(1), "key 3": content(3)}


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8, np.uint64])
def test_numpy_integers_are_ids_too(tmp_path: Path, kind: Any) -> None:
    ids: Any = np.array([3, 1], kind)
    with Store.open(line_store(tmp_path), writing=True) as store:
        assert store.items(ids) == [item(3), item(1)]
        assert store.vectors(ids).tolist() == line_vectors([3, 1])
        assert store.thumbnails(ids) == {1: b"png 1", 3: b"png 3"}
        assert store.nearest(line_vector(2), kind(2), exclude=[ids]) == [[hit(1, 2, 0.0), hit(2, 0, 3.0)]]
        assert store.delete(ids=ids) == 2
        assert store.items() == [item(0), item(2), item(4)]


def test_an_item_is_left_out_of_an_answer_by_its_id(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        everywhere = np.array([np.iinfo(np.int64).min, -1, 5, np.iinfo(np.int64).max])
        answers = store.nearest([line_vector(2)] * 3, 2, exclude=[[2], [], [*everywhere, 2**63, -(2**70), 1]])
    assert answers == [[hit(1, 1, 2.0), hit(2, 0, 3.0)], OF_TWO[:2], [hit(1, 2, 0.0), hit(2, 0, 3.0)]]


def test_identical_images_are_items_of_their_own(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        store.append([NewItem(key, b"same", "label") for key in "cab"], [[1, 1]] * 3)
        assert store.nearest([1, 1], 5) == [
            [Hit(1, 0, "c", "label", 0.0, {}), Hit(2, 1, "a", "label", 0.0, {}), Hit(3, 2, "b", "label", 0.0, {})]
        ]


def test_an_item_of_a_stored_key_replaces_it_under_a_new_id(tmp_path: Path) -> None:
    changed = NewItem("key 1", b"other", "other label", {}, b"other png")
    with Store.open(line_store(tmp_path), writing=True) as store:
        assert store.append(
            [new_item(5), changed, new_item(3)], [line_vector(5), [100.0, 0.0], line_vector(3)]
        ) == AppendResult((5, 6, 7), replaced=2)
    with Store.open(tmp_path / "store") as reopened:
        assert len(reopened) == 6
        new = Item(6, "key 1", "other label", {}, b"other")
        assert reopened.items() == [item(0), item(2), item(4), item(5), new, item(3, id=7)]
        assert reopened.by_key("key 1") == new
        assert reopened.thumbnails(range(10)).keys() == {0, 2, 4, 5, 6, 7}
        assert reopened.nearest([100, 0], 2) == [[Hit(1, 6, "key 1", "other label", 0.0, {}), hit(2, 5, 69.0)]]
        assert reopened.nearest(line_vector(3), 2) == [[hit(1, 3, 0.0, id=7), hit(2, 2, 4.0)]]
        assert reopened.verify() == []


TEXTS = [
    "plain",
    " ",
    "ZoË/Ünï.png",
    "日本語",
    "🐈‍⬛",
    "a\nb\tc\r",
    "'; DROP TABLE items; --",
    '" OR ""="',
    "%_\\",
    "[1]",
    "null",
    "é",
    "e\u0301",
    "\u202eright to left",
    "x" * 2_600,
]


def test_any_text_is_a_key_a_label_and_metadata(tmp_path: Path) -> None:
    items = [NewItem(text, text.encode(), text, {text: text}) for text in TEXTS]
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        store.append(items, [[number, 0] for number in range(len(items))])
    with Store.open(tmp_path / "store", writing=True) as store:
        expected = [Item(id, text, text, {text: text}, text.encode()) for id, text in enumerate(TEXTS)]
        assert store.items() == expected
        assert [store.by_key(text) for text in TEXTS] == expected
        assert store.content_digests(TEXTS) == {text: text.encode() for text in TEXTS}
        assert store.label_counts() == dict.fromkeys(TEXTS, 1)
        assert [hits[0].label for hits in store.nearest([[id, 0] for id in range(len(TEXTS))], 1)] == TEXTS
        # Items of the same keys replace the first ones, and can be deleted by key.
        assert store.append(items, [[number, 0] for number in range(len(items))]).replaced == len(TEXTS)
        assert store.delete(keys=TEXTS) == len(TEXTS)
        assert store.verify() == []


def test_no_label_stays_no_label_and_an_empty_one_empty(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        store.append(
            [NewItem("a", b"", None), NewItem("b", b"", ""), NewItem("c", b"", "None")], line_vectors([0, 1, 2])
        )
        assert [item.label for item in store.items()] == [None, "", "None"]
        assert [hit.label for hit in store.nearest(line_vector(0), 3)[0]] == [None, "", "None"]
        assert store.label_counts() == {"": 1, "None": 1, None: 1}
        assert list(store.label_counts()) == ["", "None", None]


def test_metadata_is_returned_as_it_was_given(tmp_path: Path) -> None:
    metadata: dict[str, Any] = {
        "text": "ä",
        "whole": 2**70,
        "number": 0.1,
        "yes": True,
        "none": None,
        "": "",
        "tiny": 5e-324,
    }
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        store.append([NewItem("a", b"", None, metadata)], [0, 0])
        (read,) = store.items()
    assert read.metadata == metadata
    assert [type(value) for _, value in sorted(read.metadata.items())] == [
        type(metadata[name]) for name in sorted(metadata)
    ]


def test_items_come_in_pages_with_their_vectors(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path, 7), writing=True) as store:
        store.delete(ids=[1, 4, 5])
        assert [(page, vectors.tolist()) for page, vectors in store.pages(2)] == [
            ([item(0)], line_vectors([0])),
            ([item(2), item(3)], line_vectors([2, 3])),
            ([item(6)], line_vectors([6])),
        ]


def test_more_items_than_one_statement_can_name_are_stored_and_found(tmp_path: Path) -> None:
    vectors = random_vectors(9000, 4)
    items = oracle_items(vectors)
    with Store.create(tmp_path / "store", Embedding(4, "f" * 64)) as store:
        assert store.append(items, vectors) == AppendResult(tuple(range(9000)), 0)
        assert len(store.content_digests([item.key for item in items])) == 9000
        assert [stored.key for stored in store.items(range(8999, -1, -1))] == [item.key for item in items[::-1]]
        np.testing.assert_array_equal(store.vectors(range(9000)), vectors)
        assert [hit.label for hit in store.nearest(vectors[7], 9000)[0]][:1] == [items[7].label]
        assert store.append(items, vectors).replaced == 9000
        assert store.delete(keys=[item.key for item in items[:5000]]) == 5000
        assert len(store) == 4000


def test_the_times_of_files_do_not_matter(tmp_path: Path) -> None:
    folder = line_store(tmp_path, published=True)
    with Store.open(folder) as store:
        expected = store.nearest(line_vectors(range(5)), 5)
    for path in folder.rglob("*"):
        os.utime(path, (0, 0))
    with Store.open(folder) as store:
        assert store.nearest(line_vectors(range(5)), 5) == expected
        assert store.verify() == []


@pytest.mark.parametrize("id", [1.0, 1.5, True, "1", None, np.float32(1)])
def test_an_id_must_be_a_whole_number(tmp_path: Path, id: Any) -> None:
    message = f"expected an id to be a whole number, got {id!r}: use the `id` of an item or a hit, or query by key"
    with Store.open(line_store(tmp_path, 3), writing=True) as store:
        calls: list[Callable[[], object]] = [
            lambda: store.items([0, id]),
            lambda: store.vectors([id]),
            lambda: store.thumbnails([id]),
            lambda: store.delete(ids=[0, id]),
            lambda: store.nearest(line_vector(0), 1, exclude=[[id]]),
        ]
        for call in calls:
            assert error_message(InvalidQuery, call) == message
        assert len(store) == 3
