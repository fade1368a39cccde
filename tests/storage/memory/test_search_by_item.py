"""Searches with stored items: read together with their hits, and checked as these are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage import Store
from storage.errors import StoreCorrupt, UnknownItem
from storage.types.query import Query
from tests.storage.stores import hit, item, line_store, line_vector, new_item, pairs, sql

#: The items within 4 of item 2, which is at 3.
NEAR_ITEM_2 = [hit(1, 1, 2.0), hit(2, 0, 3.0), hit(3, 3, 4.0)]


def by_id(store: Store, id: int, **options: Any) -> object:
    return pairs(store.search_by_id([id], Query.checked(3, **options)))


def by_key(store: Store, id: int, **options: Any) -> object:
    return pairs(store.search_by_key([f"key {id}"], Query.checked(3, **options)))


@pytest.mark.parametrize("search", [by_id, by_key])
def test_an_item_and_its_hits_are_returned(tmp_path: Path, search: Callable[..., object]) -> None:
    with Store.open(line_store(tmp_path)) as store:
        assert search(store, 2) == [(item(2), NEAR_ITEM_2)]
        assert search(store, 2, radius=3) == [(item(2), NEAR_ITEM_2[:2])]
        assert search(store, 2, where={"id": [2, 3]}) == [(item(2), [hit(1, 3, 4.0)])]
        assert search(store, 2, where={"id": [0, 1]}, exclude=[1]) == [(item(2), [hit(1, 0, 3.0)])]


def test_several_items_are_returned_in_their_order_each_with_its_hits(tmp_path: Path) -> None:
    expected = [(item(3), [hit(1, 2, 4.0)]), (item(0), [hit(1, 1, 1.0)]), (item(3), [hit(1, 2, 4.0)])]
    with Store.open(line_store(tmp_path)) as store:
        assert pairs(store.search_by_id([3, 0, 3], Query(1))) == expected
        assert pairs(store.search_by_key(["key 3", "key 0", "key 3"], Query(1))) == expected
        assert pairs(store.search_by_id([], Query(1))) == pairs(store.search_by_key([], Query(1))) == []


def test_a_search_of_loaded_items_reads_nothing_of_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(line_store(tmp_path)) as store:
        by_id(store, 0)
        transactions: list[int] = []
        reading = store._database.reading

        def counted() -> Any:
            transactions.append(1)
            return reading()

        monkeypatch.setattr(store._database, "reading", counted)
        assert by_id(store, 2) == [(item(2), NEAR_ITEM_2)]
        assert transactions == []


def test_an_item_that_was_added_after_the_vectors_were_loaded_is_found(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with Store.open(folder) as store:
        by_id(store, 0)
        with Store.open(folder, writing=True) as writer:
            writer.append([new_item(9)], [line_vector(9)])
        # Item 9 has the id 5, and is at 511; the hits are those of the loaded vectors.
        expected = [(item(9, 5), [hit(1, 4, 496.0), hit(2, 3, 504.0), hit(3, 2, 508.0)])]
        assert by_id(store, 5) == by_key(store, 9) == expected


@pytest.mark.parametrize("options", [{}, {"where": {"id": [0, 3, 4]}}, {"where": {"id": [1, 2]}}])
def test_an_item_that_was_deleted_after_the_vectors_were_loaded_is_unknown(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    folder = line_store(tmp_path)
    with Store.open(folder) as store:
        by_id(store, 0)
        with Store.open(folder, writing=True) as writer:
            writer.delete(ids=[2])
        for search, name in ((by_id, "id 2"), (by_key, "key 'key 2'")):
            with pytest.raises(UnknownItem, match=f"^expected an item of .*, got {name}, which it does not hold: "):
                search(store, 2, **options)


def test_a_hit_that_was_deleted_after_the_vectors_were_loaded_is_not_returned(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with Store.open(folder) as store:
        by_id(store, 0)
        with Store.open(folder, writing=True) as writer:
            writer.delete(ids=[1])
        assert by_id(store, 2) == by_key(store, 2) == [(item(2), [hit(1, 0, 3.0), hit(2, 3, 4.0), hit(3, 4, 12.0)])]


@pytest.mark.parametrize("damaged", [1, 2], ids=["a hit", "the query"])
def test_a_row_that_was_damaged_after_it_was_published_is_answered_with_as_it_was(tmp_path: Path, damaged: int) -> None:
    folder = line_store(tmp_path, published=True)
    sql(folder, "UPDATE items SET label = 'another' WHERE id = ?", damaged)
    with Store.open(folder) as store:
        assert by_id(store, 2) == [(item(2), NEAR_ITEM_2)]
        assert store.verify()[0] == f"item {damaged}: its fields do not match its checksum"


@pytest.mark.parametrize("damaged", [1, 2], ids=["a hit", "the query"])
def test_a_damaged_row_that_no_generation_covers_is_refused(tmp_path: Path, damaged: int) -> None:
    folder = line_store(tmp_path)
    sql(folder, "UPDATE items SET label = 'another' WHERE id = ?", damaged)
    with Store.open(folder) as store:
        for search in (by_id, by_key):
            with pytest.raises(StoreCorrupt, match=f"^expected item {damaged} to match its checksum, but"):
                search(store, 2)


def test_a_row_that_is_lost_after_it_was_loaded_is_answered_with_as_it_was(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with Store.open(folder) as store:
        by_id(store, 0)
        sql(folder, "DELETE FROM items WHERE id = 2")
        assert by_id(store, 2) == [(item(2), NEAR_ITEM_2)]
        assert store.verify() != []
