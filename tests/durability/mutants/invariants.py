"""Invariants of every store: each check makes a store, tries to break the invariant, and returns what went wrong."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from benchmarks.durability.workload import DIM, EMBEDDING, label_of
from storage import NewItem, Store
from storage.catalog.batch import Batch
from storage.catalog.history import History
from storage.databases import lock_wait
from storage.databases.sqlite_file import PRAGMAS
from storage.errors import StoreBusy
from tests.durability.mutants import corruption_checks, reading_checks
from tests.durability.mutants.patches import Patches
from tests.durability.mutants.probes import make_store, nearest_positions, wrong_neighbours


def one_writer(folder: Path) -> list[str]:
    """A second writer is refused while the first is open."""
    with Store.create(folder, EMBEDDING):
        try:
            Store.open(folder, writing=True).close()
        except StoreBusy:
            return []
    return ["a second writer was not refused"]


def ids_never_again(folder: Path) -> list[str]:
    """The id of a deleted item is never assigned again, not even after compacting."""
    vectors = np.eye(4, DIM, dtype=np.float32)
    with Store.create(folder, EMBEDDING) as store:
        store.append([NewItem(f"{number}", b"c", thumbnail=b"png") for number in range(3)], vectors[:3])
        store.delete(ids=[2])
        store.compact()
        (id,) = store.append([NewItem("new", b"c")], vectors[3:]).ids
    return [] if id == 3 else [f"id {id} was assigned again"]


def consistent_reads(folder: Path) -> list[str]:
    """A reader sees the store as it was when its read began, though a writer appends meanwhile."""
    items = make_store(folder)
    last_batch = History.last_batch

    def last_batch_before_append(history: History) -> Batch:
        batch = last_batch(history)
        patches.close()
        with Patches() as timeout:
            # The writer may have to wait for the reader, but not long; its batch must not be seen.
            timeout.set_item(PRAGMAS, "busy_timeout", 10)
            timeout.set(lock_wait, "LONGEST_WAIT_S", 0.0)
            with Store.open(folder, writing=True) as writer, suppress(StoreBusy):
                writer.append([NewItem("later", b"c")], np.ones((1, DIM)))
        return batch

    with Patches() as patches:
        patches.set(History, "last_batch", last_batch_before_append)
        return wrong_neighbours(folder, items, "while another process wrote")


def far_queries(folder: Path) -> list[str]:
    """Neighbours are right even where squared distances overflow float32."""
    offsets = np.random.default_rng(0).standard_normal((40, DIM)).astype(np.float32)
    points = offsets * np.float32(1e-3)
    points[:, 0] += np.where(np.arange(40) % 2, 1, -1).astype(np.float32)
    vectors = (points * np.float32(1.5e19)).astype(np.float32)
    with Store.create(folder, EMBEDDING) as store:
        store.append([NewItem(f"{number}", b"c", label_of(v.tobytes())) for number, v in enumerate(vectors)], vectors)
        answers = store.nearest(vectors, 30)
    return [
        f"the neighbours of item {number} are not those in float64"
        for number, hits in enumerate(answers)
        if [hit.id for hit in hits] != nearest_positions(vectors, vectors[number], 30)
    ]


#: Every check by the name of its invariant.
INVARIANTS: dict[str, Callable[[Path], list[str]]] = {
    "one writer": one_writer,
    "ids never again": ids_never_again,
    "consistent reads": consistent_reads,
    "writer beside a reader": reading_checks.writer_beside_reader,
    "corrupt sources": corruption_checks.corrupt_sources,
    "corrupt rows": corruption_checks.corrupt_rows,
    "corrupt index": corruption_checks.corrupt_index,
    "corrupt columns": corruption_checks.corrupt_columns,
    "deleted after the index": corruption_checks.deleted_after_the_index,
    "deleted since it was loaded": corruption_checks.deleted_since_it_was_loaded,
    "another catalog in its place": corruption_checks.another_catalog_in_its_place,
    "index of another history": corruption_checks.index_of_another_history,
    "index with other vectors": corruption_checks.index_with_other_vectors,
    "corrupt embedding": corruption_checks.corrupt_embedding,
    "swapped deletions": corruption_checks.swapped_deletions,
    "far queries": far_queries,
}
