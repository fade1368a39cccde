"""Filters: what they select of a small store, known by hand; impossible ones are refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage import Embedding, NewItem, Store
from storage.errors import IncomparableField, InvalidQuery, StoreCorrupt, UnknownField
from storage.types.where import Where
from tests.errors import error_message
from tests.storage.stores import sql

#: Each item's label and metadata; item n lies at n on a line.
ITEMS: list[tuple[str | None, dict[str, Any]]] = [
    ("7", {"width": 640, "camera": "A", "flash": True, "note": None}),
    ("7", {"width": 640.0, "camera": "é", "flash": False}),
    ("07", {"width": "640", "camera": "a", "flash": 1}),
    (None, {"width": 639.9999999999999, 'odd "name"': "x", "flash": 0}),
    ("", {"width": -1, "camera": "", "big": 2**70}),
    ("None", {"camera": "null", "flash": "true"}),
    ("é", {"width": 1 / 3, "camera": None}),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.create(tmp_path_factory.mktemp("filters") / "store", Embedding(1, "f" * 64)) as store:
        items = [NewItem(f"key {number}", b"", label, metadata) for number, (label, metadata) in enumerate(ITEMS)]
        store.append(items, np.arange(len(items), dtype=np.float32)[:, np.newaxis])
        yield store


def selected(store: Store, where: Any) -> list[int]:
    """Return the ids of the items that a filter selects."""
    (hits,) = store.nearest([0.0], 99, where=where)
    assert [hit.id for hit in store.within([0.0], 99, where=where)[0]] == [hit.id for hit in hits]
    return [hit.id for hit in hits]


SELECTED: list[tuple[Where, list[int]]] = [
    ({}, [0, 1, 2, 3, 4, 5, 6]),
    ({"label": "7"}, [0, 1]),
    ({"label": ["7", "é", "no"]}, [0, 1, 6]),
    ({"label": None}, [3]),
    ({"label": [None, ""]}, [3, 4]),
    ({"label": []}, []),
    ({"label": {"!=": "7"}}, [2, 3, 4, 5, 6]),
    ({"label": {"!=": ["7", None]}}, [2, 4, 5, 6]),
    ({"label": {"!=": []}}, [0, 1, 2, 3, 4, 5, 6]),
    ({"label": {"exists": True}}, [0, 1, 2, 4, 5, 6]),
    ({"label": {"exists": False}}, [3]),
    ({"label": {"<": "7"}}, [2, 4]),
    ({"label": {">=": "7"}}, [0, 1, 5, 6]),
    ({"label": "' OR 1=1 --"}, []),
    ({"key": "key 3"}, [3]),
    ({"key": {">": "key 4"}}, [5, 6]),
    ({"id": [5, 1, 99, 2**80]}, [1, 5]),
    ({"id": {">=": 2, "<": 4}}, [2, 3]),
    ({"id": {">=": -(2**80), "<": 2**80}}, [0, 1, 2, 3, 4, 5, 6]),
    ({"id": np.int64(2)}, [2]),  # type: ignore[dict-item]
    ({"width": 640}, [0, 1]),
    ({"width": 640.0}, [0, 1]),
    ({"width": "640"}, [2]),
    ({"width": [-1, "640"]}, [2, 4]),
    ({"width": np.array([640, -1])}, [0, 1, 4]),  # type: ignore[dict-item]
    ({"width": 1 / 3}, [6]),
    ({"width": {">=": 640}}, [0, 1]),
    ({"width": {">": 0, "<": 640}}, [3, 6]),
    ({"width": {"<": "7"}}, [2]),
    ({"width": {"!=": 640}}, [2, 3, 4, 5, 6]),
    ({"width": None}, [5]),
    ({"big": 2**70}, [4]),
    ({"big": {">": 2**69}}, [4]),
    ({"flash": True}, [0]),
    ({"flash": 1}, [2]),
    ({"flash": [0, False]}, [1, 3]),
    ({"flash": "true"}, [5]),
    ({"flash": {"!=": True}}, [1, 2, 3, 4, 5, 6]),
    ({"camera": None}, [3, 6]),
    ({"camera": "null"}, [5]),
    ({"camera": {"exists": True}}, [0, 1, 2, 4, 5]),
    ({"camera": {"<": "a"}}, [0, 4]),
    ({"note": {"exists": True}}, []),
    ({"note": None}, [0, 1, 2, 3, 4, 5, 6]),
    ({"none has it": {"exists": False}}, [0, 1, 2, 3, 4, 5, 6]),
    ({"none has it": {"exists": True}}, []),
    ({'odd "name"': "x"}, [3]),
    ({"label": "7", "flash": False}, [1]),
    ({"label": "7", "width": "640"}, []),
]


@pytest.mark.parametrize(("where", "ids"), SELECTED, ids=[str(where) for where, _ in SELECTED])
def test_a_filter_selects_the_items_that_fulfil_it(store: Store, where: Where, ids: list[int]) -> None:
    assert selected(store, where) == ids


REFUSED: list[tuple[Any, str]] = [
    ("label=7", "expected a filter such as {'label': '7'}, got 'label=7'"),
    ({7: "7"}, "expected the name of a field as a text, got 7"),
    ({"width": {}}, "expected a value of the field 'width', got none: leave the field out"),
    ({"width": {"~": 7}}, "expected one of =, !=, <, <=, >, >=, exists for the field 'width', got '~'"),
    ({"width": {"<": [1, 2]}}, "expected one number or text to compare the field 'width' with, got [1, 2]"),
    ({"width": {"<": True}}, "expected one number or text to compare the field 'width' with, got True"),
    ({"width": {"exists": 1}}, "expected True or False for 'exists' of the field 'width', got 1"),
    ({"width": float("nan")}, "expected a text, a finite number, a truth value or None for the field 'width', got nan"),
    ({"width": b"7"}, "expected a text, a finite number, a truth value or None for the field 'width', got b'7'"),
    ({"camera": "a\0"}, "expected a text that can be stored for the field 'camera', got 'a\\x00'"),
    ({"width": 10**640}, "expected a number of at most 640 digits for the field 'width', got a longer one"),
    ({"label": 7}, "expected a text for the field 'label', got 7: write '7'"),
    ({"key": None}, "expected a text for the field 'key', got None: write 'None'"),
    ({"id": "7"}, "expected a whole number for the field 'id', got '7'"),
    ({"id": 7.0}, "expected a whole number for the field 'id', got 7.0"),
]


@pytest.mark.parametrize(("where", "message"), REFUSED, ids=[str(where) for where, _ in REFUSED])
def test_an_impossible_filter_is_refused(store: Store, where: Any, message: str) -> None:
    assert error_message(InvalidQuery, store.nearest, [0.0], 1, where=where) == message


def test_a_field_that_no_item_has_is_most_likely_misspelt(store: Store) -> None:
    known = 'id, key, label, big, camera, flash, note, odd "name", width'
    assert error_message(UnknownField, store.nearest, [0.0], 1, where={"widht": {">": 3}}) == (
        f"expected a field that an item has ({known}), got 'widht': name one of them"
    )


def test_an_empty_store_has_every_field_and_no_item(tmp_path: Path) -> None:
    with Store.create(tmp_path / "empty", Embedding(1, "f" * 64)) as store:
        assert store.nearest([0.0], 3, where={"width": 640}) == [[]]
        assert store.within([0.0], 3, where={"label": "7"}) == [[]]


INCOMPARABLE: list[tuple[Where, str]] = [
    (
        {"camera": {">=": 0.5}},
        "expected a text to compare the field 'camera' with, since no item has a number there, got 0.5: "
        'write "0.5" to compare texts',
    ),
    (
        {"camera": {"!=": [7, True]}},
        "expected a text to compare the field 'camera' with, since no item has a number or a truth value there, "
        'got 7, True: write "7" to compare texts',
    ),
    (
        {"big": {">": "wide"}},
        "expected a number to compare the field 'big' with, since no item has a text there, got 'wide': "
        "compare it with a number",
    ),
    (
        {"width": True},
        "expected a text or a number to compare the field 'width' with, since no item has a truth value there, "
        "got True: compare it with a text or a number",
    ),
]


@pytest.mark.parametrize(("where", "message"), INCOMPARABLE, ids=[str(where) for where, _ in INCOMPARABLE])
def test_a_comparison_with_a_kind_of_value_that_no_item_has_is_refused(
    store: Store, where: Where, message: str
) -> None:
    assert error_message(IncomparableField, store.nearest, [0.0], 1, where=where) == message


def test_hashes_of_64_bits_are_told_apart(tmp_path: Path) -> None:
    hashes = [0xF123456789ABCDEF, 0xF123456789ABCDEE, 0xF123456789ABCD00]
    with Store.create(tmp_path / "store", Embedding(1, "f" * 64)) as store:
        items = [NewItem(str(number), b"", None, {"phash": phash}) for number, phash in enumerate(hashes)]
        store.append(items, np.zeros((3, 1), np.float32))
        assert selected(store, {"phash": hashes[0]}) == [0]
        assert selected(store, {"phash": {"!=": hashes[0]}}) == [1, 2]
        assert selected(store, {"phash": {">": hashes[1]}}) == [0]
        assert selected(store, {"phash": {"<=": hashes[1]}}) == [1, 2]
        assert selected(store, {"phash": float(hashes[0])}) == []


@pytest.mark.parametrize("limit", [0, 1, 3, 100, 299, 300])
def test_a_filter_is_right_at_every_selectivity_alone_and_in_a_batch(tmp_path: Path, limit: int) -> None:
    generator = np.random.default_rng(5)
    vectors = generator.standard_normal((300, 4)).astype(np.float32)
    ranks = generator.permutation(300)
    with Store.create(tmp_path / "store", Embedding(4, "f" * 64)) as store:
        store.append([NewItem(str(n), b"", None, {"rank": int(rank)}) for n, rank in enumerate(ranks)], vectors)
        queries = vectors[:9]
        answers = store.nearest(queries, 7, where={"rank": {"<": limit}})
        for query, hits in zip(queries, answers, strict=True):
            distances = np.sqrt(np.square(vectors.astype(np.float64) - query.astype(np.float64)).sum(axis=1))
            order = [n for n in np.argsort(distances, kind="stable").tolist() if ranks[n] < limit][:7]
            assert [(hit.id, hit.distance) for hit in hits] == [(n, distances[n]) for n in order]
            assert store.nearest(query, 7, where={"rank": {"<": limit}}) == [hits]
            assert [hit.id for hit in store.nearest(query, 7, [order[:1]], {"rank": {"<": limit}})[0]][:1] == order[1:2]


def test_a_filter_sees_later_batches(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", Embedding(1, "f" * 64)) as store:
        store.append([NewItem("a", b"", "7"), NewItem("b", b"", "8")], [[0.0], [1.0]])
        with Store.open(tmp_path / "store") as reader:
            assert selected(reader, {"label": "7"}) == [0]
            store.append([NewItem("c", b"", "7"), NewItem("a", b"", "8")], [[2.0], [3.0]])
            assert selected(reader, {"label": "7"}) == [2]
            assert selected(reader, {"label": "8"}) == [1, 3]
            store.compact()
            reader.refresh()
            assert selected(reader, {"label": ["7", "8"]}) == [1, 2, 3]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE items SET label = '8' WHERE id = 1",
        "UPDATE items SET metadata = '{' WHERE id = 1",
        "UPDATE items SET deleted_in = 1 WHERE id = 1",
    ],
)
def test_a_damaged_row_is_never_skipped_silently(tmp_path: Path, damage: str) -> None:
    with Store.create(tmp_path / "store", Embedding(1, "f" * 64)) as store:
        store.append([NewItem(key, b"", "7", {"width": 3}) for key in "abc"], [[0.0], [1.0], [2.0]])
    sql(tmp_path / "store", damage)
    with Store.open(tmp_path / "store") as reader:
        for where in ({"label": "7"}, {"width": 3}):
            with pytest.raises(StoreCorrupt):
                reader.nearest([0.0], 3, where=where)


def test_many_filters_one_after_the_other_do_not_mix_up_their_answers(tmp_path: Path) -> None:
    vectors = np.random.default_rng(2).standard_normal((200, 3)).astype(np.float32)
    with Store.create(tmp_path / "store", Embedding(3, "f" * 64)) as store:
        store.append([NewItem(str(n), b"", str(n % 10)) for n in range(200)], vectors)
        first = [store.nearest(vectors[0], 5, where={"label": str(n)}) for n in range(10)]
        assert [store.nearest(vectors[0], 5, where={"label": str(n)}) for n in range(10)] == first
        assert [hit.label for (hits,) in first for hit in hits] == [str(n) for n in range(10) for _ in range(5)]
