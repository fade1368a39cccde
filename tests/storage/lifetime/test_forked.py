"""A forked process has copies of its parent's stores: it may read with them, and cannot harm what the parent does."""

import os
import signal
from pathlib import Path

import pytest

from storage import Store
from storage.errors import StoreBusy
from tests.processes import python, run_python
from tests.storage.stores import line_store

#: Opens a writer, forks, lets the child do something, and then appends in the parent.
FORK = """
import gc, os, sys, warnings
from storage import Store, NewItem
from storage.errors import LookalikeError
warnings.simplefilter("error")

def child(body):
    if os.fork() == 0:
        try:
            body()
        except BaseException as error:
            print(type(error).__name__, error, flush=True)
        os._exit(0)
    os.wait()

store = Store.open(sys.argv[1], writing=True)
print(len(store), flush=True)

def drop():
    global store
    del store
    gc.collect()
    print("dropped", flush=True)

def close():
    store.close()
    print("closed", store.closed, flush=True)

def read():
    print("read", [item.key for item in store.items([0, 4])], len(store), flush=True)

def write():
    store.append([NewItem("child's", b"c")], [[7.0, 7.0]])

def open_again():
    Store.open(sys.argv[1], writing=True)

for body in (drop, close, read, write, open_again):
    child(body)
    store.append([NewItem(f"after {body.__name__}", b"c")], [[5.0, 5.0]])
print(len(store), store.verify(), flush=True)
store.close()
Store.open(sys.argv[1], writing=True).close()
"""


def test_a_child_reads_and_neither_writes_nor_closes_what_its_parent_has_open(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    done = run_python("-c", FORK, folder)
    refused = (
        f"StoreReadOnly expected {folder} to be open for writing, got a store that was opened for writing by the "
        "process that this one was forked from: open it for writing"
    )
    *lines, busy, last = done.stdout.splitlines()
    assert lines == ["5", "dropped", "closed True", "read ['key 0', 'key 4'] 7", refused]
    assert busy.startswith(f"StoreBusy expected to be the only writer of {folder}, got one at work already (process ")
    assert last == "10 []"
    assert (done.returncode, done.stderr) == (0, "")


#: Opens a writer and forks a child that lives on; prints the child's process id.
OUTLIVED = """
import os, sys, time
from storage import Store
store = Store.open(sys.argv[1], writing=True)
if os.fork() == 0:
    print(os.getpid(), flush=True)
    time.sleep(600)
    os._exit(0)
sys.stdin.read()
"""


def test_the_lock_goes_with_its_process_though_a_child_lives_on(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with python(OUTLIVED, folder) as writer:
        with pytest.raises(StoreBusy):
            Store.open(folder, writing=True)
        (child,) = map(int, Path(f"/proc/{writer.pid}/task/{writer.pid}/children").read_text().split())
        try:
            writer.kill()
            writer.wait()
            os.kill(child, 0)
            Store.open(folder, writing=True).close()
        finally:
            os.kill(child, signal.SIGKILL)
