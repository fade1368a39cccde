"""Processes that use a store together, are stopped, or are killed in the middle of it."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.durability.judge import all_answers, wrong_answers
from benchmarks.durability.leftovers import tables_and_files
from benchmarks.durability.workload import CHANGING, label_of, steps, stored_items, work
from storage import Store
from storage.databases import lock_wait, sqlite_file
from storage.errors import StoreBusy, StoreRenewed
from tests.durability.mutants.probes import make_store
from tests.errors import exactly
from tests.processes import python

#: Does the work in the folder that is its argument, and prints a line when it begins.
WORKER = """
import sys
from pathlib import Path
from benchmarks.durability.workload import work
print("started", flush=True)
work(Path(sys.argv[1]), lambda number: None)
"""

#: Changes items of the store that is its argument, and stops itself before COMMIT. The cache has few pages, so that
#: the file is changed too.
STOPPED_WRITER = """
import os, signal, sys
from storage import Store
from storage.catalog.catalog import Catalog
from storage.databases.sqlite_file import PRAGMAS
PRAGMAS["cache_size"] = 1
store = Store.open(sys.argv[1], writing=True)
with store._database.writing() as catalog:
    catalog.connection.exec_driver_sql("UPDATE items SET label = 'never', vector = zeroblob(32)")
    print("stopped", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""

#: Stops itself while it reads the store that is its argument.
STOPPED_READER = """
import os, signal, sys
from storage import Store
store = Store.open(sys.argv[1])
with store._database.reading() as catalog:
    catalog.connection.exec_driver_sql("SELECT count(*) FROM items").fetchall()
    print("stopped", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""


def wait_until_stopped(pid: int) -> None:
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.001)


def set_short_busy_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let databases that are opened from now on wait only shortly for each other's locks."""
    monkeypatch.setattr(lock_wait, "LONGEST_WAIT_S", 0.0)
    monkeypatch.setitem(sqlite_file.PRAGMAS, "busy_timeout", 100)


def test_a_reader_sees_complete_steps_of_a_writer_in_another_process_and_never_an_older_one_again(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "store"
    states = [{}, *(step.expected for step in steps() if step.name in CHANGING)]
    labels = {id: label_of(vector) for state in states for id, (_, vector) in state.items()}
    seen = [0]
    with python(WORKER, folder) as worker:
        while seen[-1] < len(states) - 1:
            assert worker.poll() in (None, 0)
            if Store.exists_at(folder):
                with Store.open(folder) as reader:
                    ids, vectors = reader.all_vectors()
                    loaded = dict(zip(ids.tolist(), (vector.tobytes() for vector in vectors), strict=True))
                    try:
                        answers = reader.nearest(vectors, 3) if len(ids) else []
                    except StoreRenewed:
                        # The vectors are from before a renewal that happened since they were read.
                        answers = []
                seen.append([{id: state[id][1] for id in state} for state in states].index(loaded))
                assert {labels[hit.id] == hit.label for hits in answers for hit in hits} <= {True}
    assert seen == sorted(seen)
    assert wrong_answers(folder, len(steps())) == []


def test_a_writer_stopped_in_a_transaction_shows_nothing_of_it_and_leaves_nothing_when_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "store"
    make_store(folder, 2)
    before = tables_and_files(folder)
    set_short_busy_timeout(monkeypatch)
    with python(STOPPED_WRITER, folder) as writer:
        wait_until_stopped(writer.pid)
        with pytest.raises(StoreBusy, match=rf"^expected to be the only writer of .* \(process {writer.pid}\)"):
            Store.open(folder, writing=True)
        # It has written to the file itself before its COMMIT: no reader may open it until that is rolled back.
        assert (folder / "catalog.sqlite-journal").stat().st_size > 512
        message = rf"'database is locked' by process {writer.pid}, which writes to {folder}: wait for it to end"
        with pytest.raises(StoreBusy, match=message):
            Store.open(folder)
        os.kill(writer.pid, signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL
        with Store.open(folder, writing=True) as next_writer:
            assert tables_and_files(folder) == before
            assert next_writer.verify() == []
    work(folder, lambda _: None)
    assert wrong_answers(folder, len(steps())) == []


@pytest.mark.parametrize(
    "change",
    [steps()[2].run, steps()[3].run, lambda store: store.delete(ids=[0, 1]), Store.compact],
    ids=["publish", "append", "delete", "compact"],
)
def test_a_writer_that_a_stopped_reader_blocks_raises_an_error_and_can_retry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Store], object]
) -> None:
    folder, expected = tmp_path / "first", tmp_path / "second"
    for store_folder in (folder, expected):
        make_store(store_folder, 2)
    with Store.open(expected, writing=True) as store:
        change(store)
    set_short_busy_timeout(monkeypatch)
    with python(STOPPED_READER, folder) as reader, Store.open(folder, writing=True) as store:
        wait_until_stopped(reader.pid)
        before = stored_items(store)
        for _ in range(2):
            with pytest.raises(
                StoreBusy,
                match=exactly(
                    f"expected {folder}/catalog.sqlite to be free within 0 s, got 'database is locked' by process "
                    f"{reader.pid}, which reads {folder}: wait for it to end, or stop it, and try again"
                ),
            ):
                change(store)
            # The failed writer does not block other readers.
            with Store.open(folder) as other:
                assert stored_items(other) == before
        os.kill(reader.pid, signal.SIGCONT)
        reader.wait()
        change(store)
    assert all_answers(folder) == all_answers(expected)


def test_a_clock_that_runs_backwards_and_other_file_times_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(tmp_path / "expected", lambda _: None)
    now = 4e9

    def backwards() -> float:
        nonlocal now
        now -= 1e6
        return now

    def edit_times(number: int) -> None:
        for index, path in enumerate(sorted((tmp_path / "store").rglob("*"))):
            os.utime(path, (0, (number * 7919 + index * 104729) % 2**31))

    monkeypatch.setattr(time, "time", backwards)
    work(tmp_path / "store", edit_times)
    assert tables_and_files(tmp_path / "store") == tables_and_files(tmp_path / "expected")
    assert all_answers(tmp_path / "store") == all_answers(tmp_path / "expected")
