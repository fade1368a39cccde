"""A store that is dropped without `close` is freed at once, says so in one ResourceWarning, and loses nothing."""

import gc
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage import Store
from storage.databases.sqlite_file import SqliteFile
from storage.errors import NotAStore
from storage.types.query import Query
from tests.errors import exactly
from tests.processes import printed_by, run_python
from tests.storage.lifetime.open_files import open_files
from tests.storage.stores import line_store, line_vector, line_vectors, new_items


def warning(folder: Path) -> str:
    return f"{folder} was never closed: call `close`, or open it in a `with` statement"


@contextmanager
def without_collector() -> Iterator[None]:
    """Leave only reference counting to free what is dropped in the block."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


USES: list[Callable[[Store], object]] = [
    lambda _: None,
    len,
    lambda store: store.nearest(line_vector(0), 2),
    lambda store: store.nearest(line_vector(0), 2, where={"number": {">": 1}}),
    lambda store: store.search_by_id([1], Query(1)),
    lambda store: (store.search_by_id([1], Query(1)), store.search_by_id_at_once(1, Query(1))),
    lambda store: store.neighbours_of_all(2),
    lambda store: store.all_vectors(),
    lambda store: next(store.pages(2)),
    lambda store: next(store.batches_after(0)),
    lambda store: store.verify(),
    lambda store: store.refresh(),
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("writing", [False, True])
def test_a_dropped_store_is_freed_by_reference_counting(
    tmp_path: Path, use: Callable[[Store], object], writing: bool
) -> None:
    folder = line_store(tmp_path, published=True)
    with without_collector():
        store = Store.open(folder, writing=writing)
        use(store)
        dropped = weakref.ref(store)
        assert "catalog.sqlite" in open_files(folder)
        with pytest.warns(ResourceWarning, match=exactly(warning(folder))) as warned:
            del store
        assert len(warned) == 1
        # The record of a warning names the object that caused it.
        del warned
        assert dropped() is None
        assert open_files(folder) == []
    with Store.open(folder, writing=True) as next_writer:
        assert len(next_writer) == 5


def test_a_store_in_a_cycle_is_freed_by_the_collector(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    cycle: list[object] = [Store.open(folder, writing=True)]
    cycle.append(cycle)
    del cycle
    with pytest.warns(ResourceWarning, match=exactly(warning(folder))):
        gc.collect()
    assert open_files(folder) == []


def test_a_dropped_writer_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    store = Store.open(folder, writing=True)
    assert store.append(new_items([5]), line_vectors([5])).ids == (5,)
    with pytest.warns(ResourceWarning):
        del store
    with Store.open(folder, writing=True) as store:
        assert [item.key for item in store.items()] == [f"key {number}" for number in range(6)]
        assert store.verify() == []


def test_a_writer_whose_append_fails_is_freed_with_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = line_store(tmp_path)

    def fail(*_: object) -> None:
        raise ArithmeticError

    def raised_by(write: Callable[[], object]) -> None:
        with pytest.raises(ArithmeticError):
            write()
        # The frames refer to the error that refers to them.
        gc.collect()

    def write() -> None:
        monkeypatch.setattr("storage.catalog.item_rows.ItemRows.write", fail)
        Store.open(folder, writing=True).append(new_items([5]), line_vectors([5]))

    with pytest.warns(ResourceWarning, match=exactly(warning(folder))):
        raised_by(write)
    monkeypatch.undo()
    assert open_files(folder) == []
    with Store.open(folder, writing=True) as store:
        assert len(store) == 5


def test_a_walk_through_the_pages_keeps_its_store_open(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    pages = Store.open(folder).pages(2)
    assert [item.key for items, _ in [next(pages), next(pages)] for item in items] == [f"key {n}" for n in range(4)]
    with pytest.warns(ResourceWarning, match=exactly(warning(folder))):
        del pages
    assert open_files(folder) == []


def test_neither_a_closed_store_nor_one_that_could_not_be_opened_warns(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "catalog.sqlite").write_bytes(b"not a database" * 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Store.open(folder).close()
        with Store.open(folder, writing=True):
            pass
        with pytest.raises(NotAStore):
            Store.open(tmp_path / "broken", writing=True)
        gc.collect()
    assert open_files(tmp_path) == []


def test_an_error_of_closing_a_dropped_store_is_not_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest would report an error of a finalizer."""
    store = Store.open(line_store(tmp_path))
    database = store._database

    def fail(_: SqliteFile) -> None:
        raise OSError("no more")

    monkeypatch.setattr(SqliteFile, "close", fail)
    with pytest.warns(ResourceWarning):
        del store
    monkeypatch.undo()
    database.close()


#: Opens a store of 2 MiB of vectors 50 times and drops it; prints what that costs: descriptors, threads, and memory.
FIFTY = """
import gc, os, sys, threading, warnings
import numpy as np
from storage import Embedding, NewItem, Store
warnings.simplefilter("ignore")
folder = sys.argv[1]
vectors = np.random.default_rng(0).standard_normal((4096, 128)).astype(np.float32)
with Store.create(folder, Embedding(128, "f" * 64)) as store:
    store.append([NewItem(str(number), b"c") for number in range(4096)], vectors)
    store.publish()

def use():
    Store.open(folder, writing=True).nearest(vectors[:1], 5, where={"key": {"!=": "7"}})

def costs():
    memory = int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return len(os.listdir("/proc/self/fd")), threading.active_count(), memory

for _ in range(5):
    use()
before = costs()
for _ in range(50):
    use()
after = costs()
print(after[0] - before[0], after[1] - before[1], after[2] - before[2] < 30, after[2] - before[2], file=sys.stderr)
print(after[0] - before[0], after[1] - before[1], after[2] - before[2] < 30)
"""


def test_fifty_dropped_writers_leave_no_descriptor_no_thread_and_no_memory(tmp_path: Path) -> None:
    done = run_python("-c", FIFTY, tmp_path / "store")
    assert done.stdout == "0 0 True\n", done.stderr


def test_a_store_that_is_open_at_the_end_of_the_program_ends_with_its_warning_alone(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    program = f"from storage import Store\nstore = Store.open({str(folder)!r}, writing=True)\nprint(len(store))"
    done = run_python("-W", "always::ResourceWarning:storage", "-c", program)
    assert (done.returncode, done.stdout) == (0, "5\n")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr.count("ResourceWarning") <= 1
    assert printed_by(f"from storage import Store; print(len(Store.open({str(folder)!r}, writing=True)))") == "5\n"
