"""Processes that use a store together, stand still, or die in the middle of it."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.durability.leftovers import state_of
from benchmarks.durability.workload import EMBEDDING, held_by, label_of, steps, trace_of, work, wrong_with
from storage import Store
from storage.databases import sqlite_file
from storage.errors import StoreBusy
from tests.storage.processes import python
from tests.storage.stores import exactly

#: Does the work in the folder named first, saying when it begins.
WORKING = """
import sys
from pathlib import Path
from benchmarks.durability.workload import work
print("begun", flush=True)
work(Path(sys.argv[1]), lambda number: None)
"""

#: Buries an item of the store named first, and stops itself before COMMIT: with few pages of cache, in the file too.
STOPPED_WRITER = """
import os, signal, sys
from storage import Store
from storage.catalog.catalog import Catalog
from storage.databases.sqlite_file import PRAGMAS
PRAGMAS["cache_size"] = 1
store = Store.open(sys.argv[1], writing=True)
with store._database.writing() as connection:
    connection.exec_driver_sql("UPDATE items SET label = 'never', vector = zeroblob(32)")
    print("stopped", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""

#: Stops itself while it reads the store named first.
STOPPED_READER = """
import os, signal, sys
from storage import Store
store = Store.open(sys.argv[1])
with store._database.reading() as connection:
    connection.exec_driver_sql("SELECT count(*) FROM items").fetchall()
    print("stopped", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""


def begun(folder: Path, count: int = 2) -> Path:
    """Make a store by the first steps of the work, which append, and return its folder."""
    with Store.create(folder / "store", EMBEDDING) as store:
        for step in steps()[:count]:
            step.run(store)
    return folder / "store"


def wait_until_stopped(pid: int) -> None:
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.001)


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have databases that are opened from now on wait but a moment for each other."""
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_MS", 100)
    monkeypatch.setitem(sqlite_file.PRAGMAS, "busy_timeout", 100)


def test_a_reader_sees_whole_steps_of_a_writer_in_another_process_and_never_an_older_one_again(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    states = [{}, *(step.held for step in steps() if step.name in ("append", "delete"))]
    labels = {id: label_of(vector) for state in states for id, (_, vector) in state.items()}
    seen = [0]
    with python(WORKING, folder) as working:
        while seen[-1] < len(states) - 1:
            assert working.poll() in (None, 0)
            if Store.exists_at(folder):
                with Store.open(folder) as reader:
                    ids, vectors = reader.all_vectors()
                    loaded = dict(zip(ids.tolist(), (vector.tobytes() for vector in vectors), strict=True))
                    answers = reader.nearest(vectors, 3) if len(ids) else []
                seen.append([{id: state[id][1] for id in state} for state in states].index(loaded))
                assert {labels[hit.id] == hit.label for hits in answers for hit in hits} <= {True}
    assert seen == sorted(seen)
    assert wrong_with(folder, len(steps())) == []


def test_a_writer_that_is_stopped_in_a_transaction_hides_what_it_wrote_and_leaves_nothing_when_it_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begun(tmp_path)
    before = state_of(folder)
    impatient(monkeypatch)
    with python(STOPPED_WRITER, folder) as writer:
        wait_until_stopped(writer.pid)
        with pytest.raises(StoreBusy, match=rf"^expected to be the only writer of .* \(process {writer.pid}\)"):
            Store.open(folder, writing=True)
        # It has written to the file itself, before its COMMIT: nobody may read until that is taken back.
        assert (folder / "catalog.sqlite-journal").stat().st_size > 512
        with pytest.raises(StoreBusy, match="database is locked"):
            Store.open(folder)
        os.kill(writer.pid, signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL
        with Store.open(folder, writing=True) as following:
            assert state_of(folder) == before
            assert following.verify() == []
    work(folder, lambda _: None)
    assert wrong_with(folder, len(steps())) == []


@pytest.mark.parametrize(
    "change",
    [
        steps()[2].run,
        steps()[3].run,
        lambda store: store.delete(ids=[0, 1]),
        Store.compact,
    ],
    ids=["publish", "append", "delete", "compact"],
)
def test_a_writer_tells_of_a_reader_that_stands_still_and_can_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Store], object]
) -> None:
    folder, expected = begun(tmp_path / "one"), begun(tmp_path / "other")
    with Store.open(expected, writing=True) as store:
        change(store)
    impatient(monkeypatch)
    with python(STOPPED_READER, folder) as reader, Store.open(folder, writing=True) as store:
        wait_until_stopped(reader.pid)
        before = held_by(store)
        for _ in range(2):
            with pytest.raises(
                StoreBusy,
                match=exactly(
                    f"expected {folder}/catalog.sqlite to be free within 0 s, got 'database is locked': another "
                    "process is using it; try again"
                ),
            ):
                change(store)
            # Other readers are not kept out by the one that could not write.
            with Store.open(folder) as other:
                assert held_by(other) == before
        os.kill(reader.pid, signal.SIGCONT)
        reader.wait()
        change(store)
    assert trace_of(folder) == trace_of(expected)


def test_a_clock_that_goes_backwards_and_times_of_files_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(tmp_path / "expected", lambda _: None)
    now = 4e9

    def backwards() -> float:
        nonlocal now
        now -= 1e6
        return now

    def edited(number: int) -> None:
        for place, path in enumerate(sorted((tmp_path / "store").rglob("*"))):
            os.utime(path, (0, (number * 7919 + place * 104729) % 2**31))

    monkeypatch.setattr(time, "time", backwards)
    work(tmp_path / "store", edited)
    assert state_of(tmp_path / "store") == state_of(tmp_path / "expected")
    assert trace_of(tmp_path / "store") == trace_of(tmp_path / "expected")
