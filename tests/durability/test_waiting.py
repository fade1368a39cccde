"""Who has to wait for a lock of a store's file waits, says for which process, and goes on when the lock is free."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.durability.processes import environment
from storage import Store
from storage.databases import lock_wait, sqlite_file
from tests.durability.test_processes import STOPPED_READER, wait_until_stopped
from tests.processes import python
from tests.storage.stores import item, line_store, line_vectors, new_items

#: Locks the catalog of the store that is its argument as a writer does at COMMIT, and stops itself.
COMMITTING = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1] + "/catalog.sqlite", isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("stopped", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


def append(folder: Path) -> object:
    with Store.open(folder, writing=True) as store:
        return store.append(new_items([5]), line_vectors([5])).ids


def compact(folder: Path) -> object:
    with Store.open(folder, writing=True) as store:
        store.delete(ids=[0])
        store.compact()
        return store.ids().tolist()


def read(folder: Path) -> object:
    with Store.open(folder) as store:
        return store.items()


@pytest.mark.parametrize(
    ("program", "work", "result", "does"),
    [
        (STOPPED_READER, append, (5,), "reads"),
        (STOPPED_READER, compact, [1, 2, 3, 4], "reads"),
        (COMMITTING, read, [item(number) for number in range(5)], "writes to"),
    ],
    ids=["append", "compact", "read"],
)
def test_who_waits_says_for_which_process_once_and_goes_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    program: str,
    work: Callable[[Path], object],
    result: object,
    does: str,
) -> None:
    folder = line_store(tmp_path)
    monkeypatch.setitem(sqlite_file.PRAGMAS, "busy_timeout", 1)
    results = []
    with python(program, folder) as process, caplog.at_level(logging.WARNING):
        wait_until_stopped(process.pid)
        waiting = threading.Thread(target=lambda: results.append(work(folder)))
        waiting.start()
        while not caplog.messages:
            assert waiting.is_alive()
            time.sleep(0.001)
        assert results == []
        os.kill(process.pid, signal.SIGCONT)
        process.wait()
        waiting.join()
    assert results == [result]
    assert set(caplog.messages) == {f"waiting for process {process.pid}, which {does} {folder}"}
    with Store.open(folder) as store:
        assert store.verify() == []


@pytest.mark.parametrize(
    ("locks", "expected"),
    [
        ("", "another process, which uses {folder}"),
        ("1: FLOCK ADVISORY WRITE 7 fd:00:{inode} 0 EOF", "another process, which uses {folder}"),
        ("1: POSIX ADVISORY READ 7 fd:00:1{inode} 1073741826 1073742335", "another process, which uses {folder}"),
        ("1: POSIX ADVISORY READ {own} fd:00:{inode} 1073741826 1073742335", "another process, which uses {folder}"),
        ("1: -> POSIX ADVISORY READ 7 fd:00:{inode} 1073741826 1073742335", "another process, which uses {folder}"),
        ("1: POSIX ADVISORY READ 7 fd:00:{inode} 1073741826 1073742335", "process 7, which reads {folder}"),
        ("1: POSIX ADVISORY WRITE 7 fd:00:{inode} 1073741825 1073741825", "process 7, which writes to {folder}"),
        (
            "1: POSIX ADVISORY WRITE 7 fd:00:{inode} 1073741824 1073742335\n"
            "2: POSIX ADVISORY READ 7 fd:00:{inode} 1073741826 1073742335\n"
            "3: POSIX ADVISORY READ 8 fd:00:{inode} 1073741826 1073742335",
            "process 8, which reads {folder}",
        ),
    ],
)
def test_the_process_is_named_that_the_system_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locks: str, expected: str
) -> None:
    path = line_store(tmp_path) / "catalog.sqlite"
    listed = tmp_path / "locks"
    listed.write_text(locks.format(inode=path.stat().st_ino, own=os.getpid()))
    monkeypatch.setattr(lock_wait, "_LOCKS", listed)
    assert lock_wait.holder(path) == expected.format(folder=path.parent)
    monkeypatch.setattr(lock_wait, "_LOCKS", tmp_path / "none")
    assert lock_wait.holder(path) == f"another process, which uses {path.parent}"


def test_a_command_that_waits_says_so_on_standard_error_and_then_does_its_work(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with python(COMMITTING, folder) as process:
        wait_until_stopped(process.pid)
        command = [sys.executable, "-m", "storage", "info", "--store", str(folder), "--json"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=environment(), stdout=pipe, stderr=pipe, text=True) as waiting:
            assert waiting.stderr is not None
            said = waiting.stderr.readline()
            os.kill(process.pid, signal.SIGCONT)
            output, errors = waiting.communicate()
        process.wait()
    assert said == f"waiting for process {process.pid}, which writes to {folder}\n"
    assert (waiting.returncode, errors) == (0, "")
    assert json.loads(output)["items"] == 5
