"""A closed store answers nothing: every method and property raises StoreClosed, also in the middle of something."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from storage import Embedding, Store
from storage.catalog import batch_copies
from storage.catalog.item_rows import ItemRows
from storage.databases.sqlite_file import SqliteFile
from storage.errors import StoreBusy, StoreClosed
from storage.types.query import Query
from tests.errors import error_message
from tests.storage.lifetime.calls import public_calls
from tests.storage.stores import EMBEDDING, line_store, line_vector, line_vectors, new_items

#: What a closed store still says: where it is, that it is closed, and nothing of what it holds.
STILL_ANSWER = {"close": None, "closed": True, "folder": "store"}

#: A value for each parameter without a default of any public method.
ARGUMENTS = {
    "copies": [],
    "embedding": Embedding(2, "e" * 64),
    "id": 0,
    "ids": [],
    "items": [],
    "k": 1,
    "key": "key 0",
    "keys": [],
    "labels": {},
    "name": "folder:/x",
    "number": 0,
    "path": Path("elsewhere"),
    "query": Query(1),
    "radius": 1.0,
    "read": lambda: None,
    "size": 2,
    "sources": {},
    "updates": [],
    "vectors": line_vectors([0]),
    "where": None,
}


def message(folder: Path) -> str:
    return f"expected {folder} to be open, got a store that is closed: open it again"


@pytest.mark.parametrize("writing", [False, True])
def test_every_public_name_of_a_closed_store_raises_one_error(tmp_path: Path, writing: bool) -> None:
    folder = line_store(tmp_path, published=True)
    with Store.open(folder) as staged:
        store = Store.open(folder, writing=writing)
        # Everything is loaded: nothing may be answered from memory.
        store.nearest(line_vectors([0]), 1, where={"label": "label 1"})
        store.close()
        calls = public_calls(store, {**ARGUMENTS, "staged": staged, "folder": tmp_path / "copy"})
        answers = {name: calls.pop(name)() for name in STILL_ANSWER}
        assert answers == {**STILL_ANSWER, "folder": folder}
        assert len(calls) > 40
        assert {name: error_message(StoreClosed, call) for name, call in calls.items()} == dict.fromkeys(
            calls, message(folder)
        )
    assert not (tmp_path / "copy").exists()
    assert str(store.location) == str(folder)


def test_the_same_calls_do_not_raise_it_while_the_store_is_open(tmp_path: Path) -> None:
    """So that the test above cannot pass for another reason."""
    folder = line_store(tmp_path)
    with Store.open(folder) as staged, Store.open(folder, writing=True) as store:
        arguments = {**ARGUMENTS, "staged": staged, "folder": tmp_path / "copy"}
        for name, call in public_calls(store, arguments).items():
            if name not in ("close", "append", "append_encoded", "change_over", "__enter__"):
                call()
        assert not store.closed


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    store = Store.open(line_store(tmp_path))
    store.close()
    store.close()
    assert store.closed


def test_pages_and_batches_raise_at_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_copies, "_ROWS", 1)
    folder = line_store(tmp_path, batch=1)
    with Store.open(folder) as store:
        pages, batches = store.pages(2), store.batches_after(0)
        assert [item.key for item in next(pages)[0]] == ["key 0", "key 1"]
        assert [row.key for row in next(batches)[0].rows] == [b"key 0"]
    assert error_message(StoreClosed, next, pages) == message(folder)
    assert error_message(StoreClosed, next, batches) == message(folder)


def test_vectors_and_ids_outlive_their_store(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path, published=True)) as store:
        ids, vectors = store.all_vectors()
    np.testing.assert_array_equal(ids, range(5))
    np.testing.assert_array_equal(vectors, line_vectors(range(5)))


def paused(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> tuple[threading.Event, threading.Event]:
    """Let the next call of a method wait; return the event that it has begun, and the one that lets it go on."""
    original: Callable[..., object] = getattr(owner, name)
    begun, go_on = threading.Event(), threading.Event()

    def waiting(*args: object, **named: object) -> object:
        if not begun.is_set():
            begun.set()
            assert go_on.wait(60)
        return original(*args, **named)

    monkeypatch.setattr(owner, name, waiting)
    return begun, go_on


def test_a_query_of_another_thread_raises_when_it_asks_whether_anything_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = line_store(tmp_path)
    store = Store.open(folder)
    store.nearest(line_vector(0), 1)
    begun, go_on = paused(monkeypatch, SqliteFile, "version")
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(store.nearest, line_vector(0), 1)
        assert begun.wait(60)
        store.close()
        go_on.set()
        assert error_message(StoreClosed, answer.result) == message(folder)


def test_a_transaction_that_another_thread_reads_in_comes_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(line_store(tmp_path))
    begun, go_on = paused(monkeypatch, ItemRows, "by_id")
    with ThreadPoolExecutor(1) as thread:
        items = thread.submit(store.items, [3])
        assert begun.wait(60)
        store.close()
        go_on.set()
        assert [item.key for item in items.result()] == ["key 3"]


def test_closing_waits_for_a_write_of_another_thread_and_keeps_the_lock_until_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.create(tmp_path / "store", EMBEDDING)
    begun, go_on = paused(monkeypatch, ItemRows, "write")
    with ThreadPoolExecutor(2) as threads:
        appended = threads.submit(store.append, new_items([0]), line_vectors([0]))
        assert begun.wait(60)
        closed = threads.submit(store.close)
        with pytest.raises(StoreBusy):
            Store.open(tmp_path / "store", writing=True)
        assert not closed.done()
        go_on.set()
        assert appended.result().ids == (0,)
        closed.result()
    with Store.open(tmp_path / "store", writing=True) as store:
        assert len(store) == 1


def test_many_threads_query_while_the_store_is_closed(tmp_path: Path) -> None:
    """Each answer is right or StoreClosed, and nothing hangs."""
    folder = line_store(tmp_path, 8, published=True)
    for _ in range(5):
        store = Store.open(folder)
        begun = threading.Barrier(5)

        def query(store: Store = store, begun: threading.Barrier = begun) -> tuple[set[int], bool]:
            begun.wait(60)
            nearest = set()
            try:
                while True:
                    nearest.add(store.nearest(line_vector(3), 1)[0][0].id)
            except StoreClosed:
                return nearest, True

        with ThreadPoolExecutor(4) as threads:
            answers = [threads.submit(query) for _ in range(4)]
            begun.wait(60)
            store.close()
            for answer in answers:
                nearest, raised = answer.result()
                assert nearest <= {3}
                assert raised
