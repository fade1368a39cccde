"""Corruption that a store must notice: each check makes a store, corrupts it, and returns what went wrong."""

import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np

from benchmarks.durability.workload import DIM
from storage import Store
from storage.errors import LookalikeError
from tests.durability.mutants.probes import make_store, wrong_neighbours
from tests.storage.stores import sql

#: One byte of the index in so many is corrupted.
_SPACING = 97


def corrupt_rows(folder: Path) -> list[str]:
    """A row that was changed from outside is refused where rows are read: without an index file."""
    items = make_store(folder)
    sql(folder, "DELETE FROM generation_columns")
    id = min(items)
    query = np.frombuffer(items[id][1], np.float32)
    wrong = []
    for column, value in (
        ("label", "another"),
        ("label", None),
        ("key", "another"),
        ("metadata", '{"step": 99}'),
        ("content", b"another"),
        ("vector", items[max(items)][1]),
    ):
        ((before,),) = sql(folder, f"SELECT {column} FROM items WHERE id = ?", id)
        sql(folder, f"UPDATE items SET {column} = ? WHERE id = ?", value, id)
        with Store.open(folder) as store, suppress(LookalikeError):
            wrong.append(f"a row with another {column} was answered with: {store.nearest(query, 1)}")
        sql(folder, f"UPDATE items SET {column} = ? WHERE id = ?", before, id)
    return wrong


def corrupt_sources(folder: Path) -> list[str]:
    """An item's source that was changed from outside is refused: the item could be removed for another's."""
    items = make_store(folder)
    with Store.open(folder, writing=True) as store:
        store.write_sources(dict.fromkeys(items, "folder:/one") | {min(items): "folder:/other"})
    sql(folder, "UPDATE item_sources SET source = (SELECT max(source) FROM item_sources) WHERE item = ?", max(items))
    sql(folder, "UPDATE item_sources SET source = (SELECT min(source) FROM item_sources) WHERE item = ?", min(items))
    with Store.open(folder) as store, suppress(LookalikeError):
        return [f"items with other sources were answered with: {store.sources([min(items), max(items)])}"]
    return []


def corrupt_index(folder: Path) -> list[str]:
    """The answers are the same when any byte of an index file was changed."""
    return _corrupt_file(folder, "*.faiss", "index")


def corrupt_columns(folder: Path) -> list[str]:
    """The answers are the same when any byte of a file of columns was changed."""
    return _corrupt_file(folder, "*.arrow", "columns")


def _corrupt_file(folder: Path, pattern: str, name: str) -> list[str]:
    items = make_store(folder)
    (path,) = (folder / "index").glob(pattern)
    intact = path.read_bytes()
    wrong = []
    for offset in range(0, len(intact), _SPACING):
        path.write_bytes(intact[:offset] + bytes([intact[offset] ^ 0x40]) + intact[offset + 1 :])
        wrong += wrong_neighbours(folder, items, f"with byte {offset} of the {name} changed")
    return wrong


def deleted_after_the_index(folder: Path) -> list[str]:
    """An item that was deleted after the newest generation was written is in no answer."""
    items = make_store(folder)
    with Store.open(folder, writing=True) as store:
        store.delete(ids=[min(items)])
    del items[min(items)]
    return wrong_neighbours(folder, items, "after an item was deleted")


def deleted_since_it_was_loaded(folder: Path) -> list[str]:
    """An item that another process deleted after this one loaded it is in no answer."""
    items = make_store(folder)
    query = np.frombuffer(items[min(items)][1], np.float32)
    with Store.open(folder) as reader, Store.open(folder, writing=True) as writer:
        before = reader.nearest(query, 1)[0][0].id
        writer.delete(ids=[before])
        after = reader.nearest(query, 1)[0][0].id
    return [f"item {before} was answered with after it was deleted"] if after == before else []


def another_catalog_in_its_place(folder: Path) -> list[str]:
    """An item is in no answer once a catalog without it was put in the catalog's place."""
    items = make_store(folder)
    query = np.frombuffer(items[min(items)][1], np.float32)
    with Store.open(folder) as reader:
        before = reader.nearest(query, 1)[0][0].id
        copy = folder.parent / "copy"
        reader.backup(copy)
        with Store.open(copy, writing=True) as writer:
            writer.delete(ids=[before])
        (copy / "catalog.sqlite").replace(folder / "catalog.sqlite")
        after = reader.nearest(query, 1)[0][0].id
    return [f"item {before} was answered with, which the new catalog does not have"] if after == before else []


def index_of_another_history(folder: Path) -> list[str]:
    """An intact index file that was made for other batches is not used."""
    items = make_store(folder)
    _put_other_vectors_in_index(folder)
    sql(folder, "UPDATE generations SET chain = ?", bytes(32))
    return wrong_neighbours(folder, items, "beside an index of another history")


def index_with_other_vectors(folder: Path) -> list[str]:
    """An intact index file without the rows' vectors is not answered from."""
    items = make_store(folder)
    _put_other_vectors_in_index(folder)
    return wrong_neighbours(folder, items, "from an index with other vectors", may_refuse=True)


def _put_other_vectors_in_index(folder: Path) -> None:
    """Reverse the vectors in the newest index file, and record the sha256 of the result."""
    ((number, items),) = sql(folder, "SELECT number, items FROM generations ORDER BY number DESC LIMIT 1")
    (path,) = (folder / "index").glob(f"g-{number:06d}-*.faiss")
    intact = path.read_bytes()
    start = len(intact) - items * DIM * 4
    reversed_vectors = np.frombuffer(intact[start:], np.float32).reshape(items, DIM)[::-1]
    forged = intact[:start] + reversed_vectors.tobytes()
    sha256 = hashlib.sha256(forged).digest()
    path.rename(path.with_name(f"g-{number:06d}-{sha256.hex()[:16]}.faiss")).write_bytes(forged)
    sql(folder, "UPDATE generations SET sha256 = ? WHERE number = ?", sha256, number)


def corrupt_embedding(folder: Path) -> list[str]:
    """A store whose embedding or fitted arrays were changed is refused."""
    make_store(folder)
    wrong = []
    for table, column, value in (
        ("arrays", "data", np.ones(DIM, np.float32).tobytes()),
        ("arrays", "shape", f"[{DIM // 2}, 2]"),
        ("embedding", "spec", "{}"),
        ("embedding", "fingerprint", "0" * 64),
    ):
        ((before,),) = sql(folder, f"SELECT {column} FROM {table}")
        sql(folder, f"UPDATE {table} SET {column} = ?", value)
        with suppress(LookalikeError):
            Store.open(folder).close()
            wrong.append(f"a store with another {column} in {table} was opened")
        sql(folder, f"UPDATE {table} SET {column} = ?", before)
    return wrong


def swapped_deletions(folder: Path) -> list[str]:
    """`verify` finds a deleted item that became live again while another was deleted instead."""
    items = make_store(folder)
    ((deleted, deleted_in, _),) = sql(
        folder,
        "SELECT id, deleted_in, key FROM items WHERE key NOT IN (SELECT key FROM items WHERE deleted_in IS NULL)"
        " ORDER BY id LIMIT 1",
    )
    sql(folder, "UPDATE items SET deleted_in = NULL WHERE id = ?", deleted)
    sql(folder, "UPDATE items SET deleted_in = ? WHERE id = ?", deleted_in, max(items))
    with Store.open(folder) as store:
        if store.verify():
            return []
    return [f"item {deleted} is live instead of item {max(items)}, and verify finds nothing wrong"]
