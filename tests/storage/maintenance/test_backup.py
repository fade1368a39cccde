"""Backups: independent stores with the same answers, also when the original is written meanwhile."""

import threading
from pathlib import Path

import pytest

from storage import Embedding, Store
from storage.errors import NotAStore, StoreCorrupt, StoreExists
from tests.errors import exactly
from tests.processes import python
from tests.storage.published import QUERIES, VECTORS, answers, fixed_name_vectors
from tests.storage.stores import (
    EMBEDDING,
    files,
    item,
    label_of,
    line_store,
    line_vectors,
    new_items,
    oracle_items,
    random_vectors,
    sql,
)


def test_a_backup_answers_as_the_original_and_is_published(published: Path, tmp_path: Path) -> None:
    with Store.open(published) as store:
        store.backup(tmp_path / "a" / "copy")
    copy = tmp_path / "a" / "copy"
    assert answers(copy) == answers(published)
    with Store.open(copy) as copied, Store.open(published) as store:
        assert copied.verify() == []
        assert copied.items() == store.items()
        assert copied.embedding == store.embedding
    assert len(fixed_name_vectors(copy)) == len(VECTORS) - 3
    assert not list(copy.glob("*.tmp*"))


def test_a_backup_is_independent_of_the_original(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with Store.open(folder) as store:
        store.backup(tmp_path / "copy")
    with Store.open(tmp_path / "copy", writing=True) as copied:
        # Ids that the original assigned are not reused.
        copied.delete(ids=[4])
        assert copied.append(new_items([5]), line_vectors([5])).ids == (5,)
        assert copied.thumbnails([0]) == {0: b"png 0"}
    with Store.open(folder) as store:
        assert store.items() == [item(number) for number in range(5)]


def test_the_original_is_only_read(published: Path, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in [published, *published.rglob("*")]}

    contents, before = files(published), state()
    with Store.open(published) as store:
        store.backup(tmp_path / "copy")
        assert store.nearest(QUERIES, 7) == answers(tmp_path / "copy")
    assert (files(published), state()) == (contents, before)


def test_an_empty_store_is_backed_up(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        store.backup(tmp_path / "copy")
    with Store.open(tmp_path / "copy", writing=True) as copied:
        assert (len(copied), copied.embedding.fingerprint, copied.verify()) == (0, "f" * 64, [])
        assert copied.append(new_items([0]), line_vectors([0])).ids == (0,)


def test_a_backup_during_writes_has_complete_batches_up_to_some_moment(tmp_path: Path) -> None:
    vectors = random_vectors(600, 32)
    with Store.create(tmp_path / "store", Embedding(32, "f" * 64)) as writer:
        writer.append(oracle_items(vectors[:10]), vectors[:10])
        stop, failures = threading.Event(), []

        def back_up() -> None:
            try:
                for number in range(3):
                    with Store.open(tmp_path / "store") as store:
                        store.backup(tmp_path / f"copy {number}")
            except BaseException as error:
                failures.append(error)
            finally:
                stop.set()

        thread = threading.Thread(target=back_up)
        thread.start()
        for start in range(10, 600, 10):
            writer.append(oracle_items(vectors[start : start + 10], first=start), vectors[start : start + 10])
            if stop.is_set():
                break
        thread.join()
    assert failures == []
    sizes = []
    for number in range(3):
        with Store.open(tmp_path / f"copy {number}") as copied:
            sizes.append(len(copied))
            assert copied.verify() == []
            assert [item.key for item in copied.items()] == [f"key {id}" for id in range(sizes[-1])]
            assert [item.label for item in copied.items()] == [label_of(vector) for vector in vectors[: sizes[-1]]]
    assert [size % 10 for size in sizes] == [0] * 3
    assert sizes == sorted(sizes)


#: Appends an item at a time to the store named first until its standard input ends, and says when it has begun.
APPENDING = """
import sys, threading, time
from storage import NewItem, Store
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set())).start()
with Store.open(sys.argv[1], writing=True) as store:
    number = len(store)
    while not over.is_set():
        store.append([NewItem(f"key {number}", b"", f"label {number}")], [[number, 0]])
        number += 1
        time.sleep(0.02)
        if number == 6:
            print("begun", flush=True)
"""


def test_a_store_that_another_process_writes_to_is_backed_up(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with python(APPENDING, folder) as process:
        with Store.open(folder) as store:
            store.backup(tmp_path / "copy")
        assert process.poll() is None
        process.communicate("")
        assert process.returncode == 0
    with Store.open(tmp_path / "copy") as copied, Store.open(folder) as store:
        assert 6 <= len(copied) <= len(store)
        assert copied.items() == store.items(range(len(copied)))
        assert copied.verify() == []


@pytest.mark.parametrize(
    ("there", "error", "message"),
    [
        (
            "another store",
            StoreExists,
            "expected a new or empty folder for the store, got the store {}: open it instead",
        ),
        ("itself", StoreExists, "expected a new or empty folder for the store, got the store {}: open it instead"),
        (
            "other files",
            NotAStore,
            "expected a new or empty folder for the store, got {} with other files in it ('thesis.txt'): name another "
            "folder",
        ),
        ("a file", NotAStore, "expected a new or empty folder for the store, got the file {}: name another folder"),
    ],
)
def test_nothing_is_overwritten(tmp_path: Path, there: str, error: type[Exception], message: str) -> None:
    folder = line_store(tmp_path)
    target = folder if there == "itself" else tmp_path / "target"
    if there == "another store":
        line_store(tmp_path / "other", 2).rename(target)
    elif there == "other files":
        target.mkdir()
        (target / "thesis.txt").write_bytes(b"mine")
    elif there == "a file":
        target.write_bytes(b"mine")
    before = files(tmp_path)
    with Store.open(folder) as store, pytest.raises(error, match=exactly(message.format(target))):
        store.backup(target)
    assert files(tmp_path) == before


def test_a_damaged_store_is_not_backed_up(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    sql(folder, "UPDATE items SET label = 'x' WHERE id = 2")
    message = (
        "expected an intact store to back up, got 'item 2: its fields do not match its checksum': run "
        "`lookalike store repair` first"
    )
    with Store.open(folder) as store, pytest.raises(StoreCorrupt, match=exactly(message)):
        store.backup(tmp_path / "copy")
    assert not Store.exists_at(tmp_path / "copy")
    with Store.open(folder, writing=True) as store:
        store.repair()
        store.backup(tmp_path / "copy")
    with Store.open(tmp_path / "copy") as copied:
        assert [item.id for item in copied.items()] == [0, 1, 3, 4]
