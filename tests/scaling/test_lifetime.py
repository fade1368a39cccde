"""A store on a server that is dropped closes its connections, and a forked process leaves its parent's alone."""

import gc
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import Store
from storage.errors import ServerUnusable, StoreClosed
from tests.errors import error_message, exactly
from tests.processes import run_python
from tests.scaling.stores import EMBEDDING, VECTORS, fill, folder_store
from tests.servers.milvus import MilvusServer
from tests.servers.postgres import PostgresCluster
from tests.storage.lifetime.calls import public_calls
from tests.storage.lifetime.test_closed import ARGUMENTS
from tests.storage.lifetime.test_dropped import without_collector


def open_sockets() -> int:
    """Return how many sockets this process has open."""
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            count += str(descriptor.readlink()).startswith("socket:")
        except FileNotFoundError:
            # The descriptor of the listing itself.
            continue
    return count


def filled(postgres: PostgresCluster) -> str:
    """Return the URL of a store of 20 items."""
    url = postgres.url()
    with Store.create(url, EMBEDDING) as store:
        fill(store, 0, 20)
    return url


def test_a_dropped_store_closes_its_connections_at_once(postgres: PostgresCluster) -> None:
    url = filled(postgres)
    before = open_sockets()
    with without_collector():
        for writing in [False, True] * 25:
            store = Store.open(url, writing=writing)
            assert store.nearest(VECTORS[3], 1)[0][0].id == 3
            assert open_sockets() == before + 1
            dropped, name = weakref.ref(store), str(store.location)
            message = exactly(f"{name} was never closed: call `close`, or open it in a `with` statement")
            with pytest.warns(ResourceWarning, match=message) as warned:
                del store
            del warned
            assert dropped() is None
            assert open_sockets() == before


def test_every_public_name_of_a_closed_store_on_servers_raises_one_error(
    postgres: PostgresCluster, milvus: MilvusServer
) -> None:
    url, vectors = filled(postgres), milvus.url()
    with Store.open(url, writing=True, milvus=vectors) as store:
        store.publish()
        assert store.nearest(VECTORS[3], 1)[0][0].id == 3
    calls = public_calls(store, {**ARGUMENTS, "staged": store, "folder": "nowhere"})
    for name in ("close", "closed", "folder"):
        calls.pop(name)
    message = f"expected {store.location} to be open, got a store that is closed: open it again"
    assert len(calls) > 40
    assert {name: error_message(StoreClosed, call) for name, call in calls.items()} == dict.fromkeys(calls, message)


def test_a_connection_in_use_is_closed_when_its_transaction_ends(postgres: PostgresCluster) -> None:
    before = open_sockets()
    store = Store.open(filled(postgres))
    with store.reading() as catalog:
        store.close()
        assert open_sockets() == before + 1
        assert catalog.history.last_batch().live == 20
    assert open_sockets() == before


#: Opens a store in which a connection is idle, forks, lets the child do something, and then writes in the parent.
FORK = """
import gc, os, sys, warnings
import numpy as np
from storage import Store, NewItem
warnings.simplefilter("error")
store = Store.open(sys.argv[1], writing=True)

def drop():
    global store
    del store
    gc.collect()

def read():
    print(store.by_key("key 3").id, len(store), flush=True)

for body in (drop, lambda: store.close(), read):
    store.append([NewItem(f"of the parent, {len(store)}", b"c")], np.ones((1, 16)))
    if os.fork() == 0:
        try:
            body()
        except BaseException as error:
            print(type(error).__name__, error, flush=True)
        os._exit(0)
    os.wait()
    print(len(store), flush=True)
store.close()
"""


def test_a_child_reads_and_does_not_end_the_sessions_of_its_parent(postgres: PostgresCluster) -> None:
    done = run_python("-c", FORK, filled(postgres))
    assert (done.returncode, done.stdout, done.stderr) == (0, "21\n22\n3 23\n23\n", "")


USES: list[Callable[[Store], object]] = [len, lambda store: store.nearest(VECTORS[3], 1)]


@pytest.mark.parametrize("use", USES)
def test_a_dropped_store_closes_its_vector_server_s_client(
    milvus: MilvusServer, tmp_path: Path, use: Callable[[Store], object]
) -> None:
    folder, url = folder_store(tmp_path / "store", 20), milvus.url()
    with Store.open(folder, writing=True, milvus=url) as store:
        store.publish()
    before = open_sockets()
    for _ in range(10):
        store = Store.open(folder, writing=True, milvus=url)
        use(store)
        dropped = weakref.ref(store)
        with pytest.warns(ResourceWarning) as warned:
            del store
        del warned
        assert dropped() is None
        gc.collect()
        assert open_sockets() <= before


def test_an_opening_that_the_vector_server_refuses_leaves_no_client(milvus: MilvusServer, tmp_path: Path) -> None:
    folder, url = folder_store(tmp_path / "store", 20), milvus.url()
    before = open_sockets()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            with pytest.raises(ServerUnusable, match="found no such collection"):
                Store.open(folder, milvus=url)
            gc.collect()
            assert open_sockets() <= before
