"""Pages of the items that a filter selects, from the loaded columns and from the rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from storage import Item, NewItem, Store
from storage.catalog.pages import newest_state
from storage.errors import InvalidQuery, StoreCorrupt, UnknownField
from storage.memory.item_page import ItemPage, stored_page
from storage.types.query import PageRequest
from storage.types.where import Where, conditions_of
from tests.storage.stores import EMBEDDING, item, line_store, new_item, sql


def items(numbers: Sequence[int]) -> tuple[Item, ...]:
    return tuple(map(item, numbers))


def page(store: Store, where: Where | None = None, after: int = -1, size: int = 2, *, labels: bool = False) -> ItemPage:
    """Return a page of the loaded items, which is that of the rows."""
    loaded = store.item_page(where, after=after, size=size, count_labels=labels)
    request = PageRequest(conditions_of(where), after, size, labels)
    assert stored_page(newest_state(store.reading), request) == loaded
    return loaded


def test_pages_follow_each_other_in_the_order_of_ids(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        batch = store.last_batch()
        assert page(store) == ItemPage(batch, items([0, 1]), 5, True, None)
        assert page(store, after=1) == ItemPage(batch, items([2, 3]), 5, True, None)
        assert page(store, after=3) == ItemPage(batch, items([4]), 5, False, None)
        assert page(store, after=4) == ItemPage(batch, (), 5, False, None)


def test_a_filter_selects_and_labels_are_counted_on_all_pages(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        labels = ["b", None, "a", "b", "b", None]
        new = [NewItem(str(id), bytes(32), label, {"number": id}) for id, label in enumerate(labels)]
        store.append(new, np.zeros((6, 2), np.float32))
        everything = page(store, size=1, labels=True).labels
        assert everything is not None
        assert list(everything.items()) == [("a", 1), ("b", 3), (None, 2)]
        some = page(store, {"number": {">=": 3}}, after=3, size=1, labels=True)
        assert [found.key for found in some.items] == ["4"]
        assert (some.total, some.more, some.labels) == (3, True, {"b": 2, None: 1})
        assert page(store, {"label": "c"}, labels=True).labels == {}


def test_an_empty_store_has_an_empty_page(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        assert page(store, labels=True) == ItemPage(store.last_batch(), (), 0, False, {})


def test_pages_are_of_the_loaded_batch_until_one_of_their_items_is_deleted(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with Store.open(folder) as store, Store.open(folder, writing=True) as writer:
        first = store.item_page(size=2)
        writer.append([new_item(5)], [[31.0, 0.0]])
        assert store.item_page(after=3, size=9) == ItemPage(first.batch, items([4]), 5, False, None)
        writer.delete(ids=[1])
        assert store.item_page(after=2, size=2).batch == first.batch
        assert store.item_page(size=2) == ItemPage(writer.last_batch(), items([0, 2]), 5, True, None)


def test_a_page_with_a_damaged_row_is_no_answer(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    sql(folder, "UPDATE items SET label = 'another' WHERE id = 1")
    with Store.open(folder) as store, pytest.raises(StoreCorrupt):
        store.item_page(size=2)


def test_a_page_without_meaning_is_refused(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        with pytest.raises(UnknownField):
            store.item_page({"nmber": 1})
        with pytest.raises(InvalidQuery, match="at least 1, got 0"):
            store.item_page(size=0)
        with pytest.raises(InvalidQuery, match="got 'x'"):
            store.item_page(after="x")  # type: ignore[arg-type]
