"""A search by id that takes milliseconds and waits for nothing; any other is told to be none."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage import Store, view
from storage.errors import StoreClosed
from storage.types.query import Query
from tests.storage.stores import hit, item, line_store, pairs, sql


def at_once(store: Store, id: int, **options: Any) -> object:
    answers = store.search_by_id_at_once(id, Query.checked(**options))
    return None if answers is None else pairs(answers)


def loaded(folder: Path) -> Store:
    store = Store.open(folder)
    store.search_by_id([0], Query(1))
    return store


def test_what_is_loaded_is_answered(tmp_path: Path) -> None:
    with loaded(line_store(tmp_path)) as store:
        assert at_once(store, 2, k=2) == [(item(2), [hit(1, 1, 2.0), hit(2, 0, 3.0)])]
        assert at_once(store, 2, k=2, exclude=[1]) == [(item(2), [hit(1, 0, 3.0), hit(2, 3, 4.0)])]


def test_what_would_have_to_be_loaded_is_not(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        assert at_once(store, 2) is None
        store.search_by_id([0], Query(1))
        assert at_once(store, 2) is not None
        store.refresh()
        assert at_once(store, 2) is None


@pytest.mark.parametrize("options", [{"where": {"number": 1}}, {"radius": 4.0}, {"radius": 4.0, "k": 2}, {"k": 101}])
def test_what_may_take_long_is_not(tmp_path: Path, options: dict[str, Any]) -> None:
    with loaded(line_store(tmp_path)) as store:
        assert at_once(store, 2, k=100) is not None
        assert at_once(store, 2, **options) is None


def test_many_vectors_are_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with loaded(line_store(tmp_path)) as store:
        monkeypatch.setattr(view, "_BYTES_AT_ONCE", store.all_vectors()[1].nbytes)
        assert at_once(store, 2) is not None
        monkeypatch.setattr(view, "_BYTES_AT_ONCE", store.all_vectors()[1].nbytes - 1)
        assert at_once(store, 2) is None


def test_after_a_commit_the_rows_have_to_be_asked_for_what_was_deleted(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with loaded(folder) as store:
        with Store.open(folder, writing=True) as writer:
            writer.delete(ids=[1])
        assert at_once(store, 2, k=1) is None
        assert pairs(store.search_by_id([2], Query(1))) == [(item(2), [hit(1, 0, 3.0)])]
        assert at_once(store, 2, k=1) == [(item(2), [hit(1, 0, 3.0)])]


def test_after_a_commit_of_something_else_it_is_answered_again(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with loaded(folder) as store:
        sql(folder, "UPDATE batches SET live = live + 1")
        sql(folder, "UPDATE batches SET live = live - 1")
        assert at_once(store, 2) is None
        store.search_by_id([0], Query(1))
        assert at_once(store, 2) is not None


def test_a_writer_that_commits_is_not_waited_for(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with loaded(folder) as store, closing(sqlite3.connect(folder / "catalog.sqlite", isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert at_once(store, 2) is None
        writer.execute("ROLLBACK")
        assert at_once(store, 2) is not None


def test_an_unknown_item_is_for_the_rows_to_say(tmp_path: Path) -> None:
    with loaded(line_store(tmp_path)) as store:
        assert at_once(store, 99) is None


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = loaded(line_store(tmp_path))
    store.close()
    with pytest.raises(StoreClosed):
        at_once(store, 2)
