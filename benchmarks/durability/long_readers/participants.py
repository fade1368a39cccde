"""The processes that use a store at the same time: one commits, others query, and one reads everything.

Each is this module with its part and the store's folder. It writes a line when it has opened the store, and a line of
JSON at its end.
"""

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.durability.long_readers.read_transactions import read_transactions
from storage import LookalikeError, NewItem, Store
from storage.transfer.import_export import export_store
from storage.transfer.migration import migrate

#: How often the writer commits, in seconds.
PERIOD_S = 0.05

#: How many of the items that the writer adds are replaced and deleted in turn.
_CHANGED = 50

K = 5

_WARM_UP = 20


def commit(folder: Path, over: threading.Event) -> dict[str, Any]:
    """Add, replace and delete items, a batch every `PERIOD_S`, and return how many batches, and each one's seconds."""
    waits: list[float] = []
    failures: list[str] = []
    with Store.open(folder, writing=True) as store:
        _say_begun()
        generator = np.random.default_rng(1)
        number = 0
        while not waits or not over.wait(PERIOD_S):
            keys = [f"meanwhile/{number % _CHANGED}"]
            deleting = number % 5 == 0 and keys[0] in store.content_digests(keys)
            vector = generator.standard_normal((1, store.dim)).astype(np.float32)
            started = time.perf_counter()
            try:
                if deleting:
                    store.delete(keys=keys)
                else:
                    store.append([NewItem(keys[0], b"")], vector)
            except LookalikeError as error:
                failures.append(f"writing: {error}")
            waits.append(time.perf_counter() - started)
            number += 1
    return {"seconds": waits, "failures": failures}


def query(folder: Path, over: threading.Event) -> dict[str, Any]:
    """Search with stored vectors until it is over, and return each query's seconds."""
    waits: list[float] = []
    failures: list[str] = []
    with Store.open(folder) as store:
        ids, vectors = store.all_vectors()
        # The first queries prepare for the later ones.
        for vector in vectors[:_WARM_UP]:
            store.nearest(vector, K)
        _say_begun()
        generator = np.random.default_rng(2)
        while not waits or not over.is_set():
            # The others may be gone.
            position = int(generator.integers(len(ids) // 2))
            started = time.perf_counter()
            try:
                (hits,) = store.nearest(vectors[position], K)
            except LookalikeError as error:
                failures.append(f"querying: {error}")
                hits = []
            waits.append(time.perf_counter() - started)
            if (hits and hits[0].id != ids[position]) or hits[0].distance != 0:
                failures.append(f"querying: item {ids[position]} is not the nearest to its own vector")
    return {"seconds": waits, "failures": failures}


def _say_begun() -> None:
    sys.stdout.write("begun\n")
    sys.stdout.flush()


def _verify(folder: Path, _: Path) -> list[str]:
    with Store.open(folder) as store:
        return store.verify()


def _describe(folder: Path, _: Path) -> list[str]:
    with Store.open(folder) as store:
        info = store.info()
    counted = sum(info.labels.values())
    return [] if counted == info.items else [f"{counted} labels of {info.items} items"]


def _filter(folder: Path, _: Path) -> list[str]:
    with Store.open(folder) as store:
        (hits,) = store.nearest(np.ones((1, store.dim), np.float32), 1, where={"index": 0})
    return [] if [hit.key for hit in hits] == ["item/0"] else [f"the item of index 0 is {hits}"]


def _export(folder: Path, out: Path) -> list[str]:
    with Store.open(folder) as store:
        export_store(store, out / "items.parquet")
    return []


def _back_up(folder: Path, out: Path) -> list[str]:
    with Store.open(folder) as store:
        store.backup(out / "backup")
    return _verify(out / "backup", out)


def _migrate(folder: Path, out: Path) -> list[str]:
    migrate(folder, out / "migrated")
    return _verify(out / "migrated", out)


#: What reads all of a store, by name; each returns what is wrong, a line each.
LONG_READS: Mapping[str, Callable[[Path, Path], list[str]]] = {
    "verify": _verify,
    "info": _describe,
    "first filter": _filter,
    "export": _export,
    "backup": _back_up,
    "migrate": _migrate,
}


def read(folder: Path, name: str) -> dict[str, Any]:
    """Do a long read, and return its seconds, those of its longest transaction, and what is wrong."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as out, read_transactions(folder) as transactions:
        started = time.perf_counter()
        try:
            failures = LONG_READS[name](folder, Path(out))
        except LookalikeError as error:
            failures = [str(error)]
        seconds = time.perf_counter() - started
    return {
        "total": seconds,
        "longest": max(transactions),
        "transactions": len(transactions),
        "failures": [f"{name}: {line}" for line in failures],
    }


def main(part: str, folder: str, *arguments: str) -> None:
    """Play a part until standard input ends, or to the end of a long read."""
    over = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "commit": lambda: commit(Path(folder), over),
        "query": lambda: query(Path(folder), over),
        "read": lambda: read(Path(folder), *arguments),
    }
    sys.stdout.write(json.dumps(parts[part]()) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
