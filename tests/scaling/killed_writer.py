"""A writer that kills itself at a moment between rows and vectors: `python -m tests.scaling.killed_writer`."""

import os
import signal
import sys
from typing import Any

from storage import Store
from storage.milvus.collection import MilvusCollection
from tests.scaling.stores import EMBEDDING, VECTORS, items

#: What the writer does: so many items, in batches of so many.
COUNT, BATCH = 1000, 20


def work(place: str, vectors: str) -> None:
    """Bring the store up to date, as an ingest would."""
    if Store.exists_at(place):
        store = Store.open(place, writing=True, milvus=vectors)
    else:
        store = Store.create(place, EMBEDDING, milvus=vectors)
    with store:
        for start in range(0, COUNT, BATCH):
            some = items(range(start, start + BATCH))
            if len(store.contents([item.key for item in some])) < BATCH:
                store.append(some, VECTORS[start : start + BATCH])
        store.publish()


def die_at(name: str, call: int) -> None:
    """Be killed at a call of a collection's method, before it does anything."""
    called = 0
    method = getattr(MilvusCollection, name)

    def killing(*args: Any, **kwargs: Any) -> Any:
        nonlocal called
        called += 1
        if called == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*args, **kwargs)

    setattr(MilvusCollection, name, killing)


if __name__ == "__main__":
    place, vectors, *death = sys.argv[1:]
    if death:
        die_at(death[0], int(death[1]))
    work(place, vectors)
