"""What a store must notice of harm done to it: each check makes one, changes it, and returns what went wrong."""

import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np

from benchmarks.durability.workload import DIM
from storage import Store
from storage.errors import LookalikeError
from tests.durability.mutants.probes import begun, differing, sql

#: One byte of the index in so many is damaged.
_SPACING = 97


def damaged_rows(folder: Path) -> list[str]:
    """Refuse a row that was changed from outside, instead of answering with it."""
    held = begun(folder)
    id = min(held)
    query = np.frombuffer(held[id][1], np.float32)
    wrong = []
    for column, value in (
        ("label", "another"),
        ("label", None),
        ("key", "another"),
        ("metadata", '{"step": 99}'),
        ("content", b"another"),
        ("vector", held[max(held)][1]),
    ):
        ((before,),) = sql(folder, f"SELECT {column} FROM items WHERE id = ?", id)
        sql(folder, f"UPDATE items SET {column} = ? WHERE id = ?", value, id)
        # The index is as it was, and its vectors find the row.
        with Store.open(folder) as store, suppress(LookalikeError):
            wrong.append(f"a row with another {column} was answered with: {store.nearest(query, 1)}")
        sql(folder, f"UPDATE items SET {column} = ? WHERE id = ?", before, id)
    return wrong


def damaged_index(folder: Path) -> list[str]:
    """Answer the same when any byte of an index file was changed."""
    held = begun(folder)
    (path,) = (folder / "index").iterdir()
    whole = path.read_bytes()
    wrong = []
    for place in range(0, len(whole), _SPACING):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
        wrong += differing(folder, held, f"with byte {place} of the index changed")
    return wrong


def index_of_another_history(folder: Path) -> list[str]:
    """Leave alone an index file that proves whole, but was made for other batches."""
    held = begun(folder)
    _put_other_vectors_in_index(folder)
    sql(folder, "UPDATE generations SET chain = ?", bytes(32))
    return differing(folder, held, "beside an index of another history")


def index_with_other_vectors(folder: Path) -> list[str]:
    """Refuse to answer from an index that proves whole, but does not hold the rows' vectors."""
    held = begun(folder)
    _put_other_vectors_in_index(folder)
    return differing(folder, held, "from an index with other vectors", refused=True)


def _put_other_vectors_in_index(folder: Path) -> None:
    """Turn the order of the vectors in the newest index file round, and record its bytes as the right ones."""
    ((number, items),) = sql(folder, "SELECT number, items FROM generations ORDER BY number DESC LIMIT 1")
    (path,) = (folder / "index").glob(f"g-{number:06d}-*")
    whole = path.read_bytes()
    start = len(whole) - items * DIM * 4
    turned = np.frombuffer(whole[start:], np.float32).reshape(items, DIM)[::-1]
    other = whole[:start] + turned.tobytes()
    sha256 = hashlib.sha256(other).digest()
    path.rename(path.with_name(f"g-{number:06d}-{sha256.hex()[:16]}.faiss")).write_bytes(other)
    sql(folder, "UPDATE generations SET sha256 = ? WHERE number = ?", sha256, number)


def damaged_embedding(folder: Path) -> list[str]:
    """Refuse a store whose embedding or fitted arrays were changed."""
    begun(folder)
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
    """Tell by `verify` of a deleted item that came back while another went in its place."""
    held = begun(folder)
    ((dead, deleted_in, _),) = sql(
        folder,
        "SELECT id, deleted_in, key FROM items WHERE key NOT IN (SELECT key FROM items WHERE deleted_in IS NULL)"
        " ORDER BY id LIMIT 1",
    )
    sql(folder, "UPDATE items SET deleted_in = NULL WHERE id = ?", dead)
    sql(folder, "UPDATE items SET deleted_in = ? WHERE id = ?", deleted_in, max(held))
    with Store.open(folder) as store:
        return [] if store.verify() else [f"item {dead} came back for item {max(held)}, and verify finds nothing"]
