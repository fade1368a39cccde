"""A writer that kills itself between writing rows and vectors: `python -m tests.scaling.killed_writer`."""

import os
import signal
import sys
from typing import Any

from storage import Store
from storage.milvus.collection import MilvusCollection
from tests.scaling.stores import EMBEDDING, VECTORS, items

#: The number of items that the writer adds, and the size of a batch.
COUNT, BATCH = 1000, 20


def work(url: str, milvus_url: str) -> None:
    """Add the batches that the store does not have yet, as an ingest would."""
    with Store.open_or_create(url, EMBEDDING, milvus=milvus_url) as store:
        for start in range(0, COUNT, BATCH):
            batch = items(range(start, start + BATCH))
            if len(store.content_digests([item.key for item in batch])) < BATCH:
                store.append(batch, VECTORS[start : start + BATCH])
        store.publish()


def die_at(name: str, call: int) -> None:
    """Kill this process at the start of the `call`-th call of a method of the collection."""
    calls = 0
    method = getattr(MilvusCollection, name)

    def kill_or_call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*args, **kwargs)

    setattr(MilvusCollection, name, kill_or_call)


if __name__ == "__main__":
    url, milvus_url, *death = sys.argv[1:]
    if death:
        die_at(death[0], int(death[1]))
    work(url, milvus_url)
