"""What must hold of every store: each check makes one, tries to break it, and returns what went wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from benchmarks.durability.workload import DIM, EMBEDDING, label_of
from storage import NewItem, Store
from storage.catalog.batch import Batch
from storage.catalog.history import History
from storage.databases.sqlite_file import PRAGMAS
from storage.errors import StoreBusy
from tests.durability.mutants import harm
from tests.durability.mutants.patches import Patches
from tests.durability.mutants.probes import begun, differing, nearest_to


def one_writer(folder: Path) -> list[str]:
    """Refuse a second writer while the first is at work."""
    with Store.create(folder, EMBEDDING):
        try:
            Store.open(folder, writing=True).close()
        except StoreBusy:
            return []
    return ["a second writer was let in"]


def ids_never_again(folder: Path) -> list[str]:
    """Never give the id of a deleted item out again, after compacting either."""
    vectors = np.eye(4, DIM, dtype=np.float32)
    with Store.create(folder, EMBEDDING) as store:
        store.append([NewItem(f"{number}", b"c", thumbnail=b"png") for number in range(3)], vectors[:3])
        store.delete(ids=[2])
        store.compact()
        (id,) = store.append([NewItem("new", b"c")], vectors[3:]).ids
    return [] if id == 3 else [f"id {id} was given out again"]


def whole_batches(folder: Path) -> list[str]:
    """Show a reader that a writer overtakes what was there when it began."""
    held = begun(folder)
    last_batch = History.last_batch

    def overtaken(history: History) -> Batch:
        batch = last_batch(history)
        patches.undo()
        # It may have to wait, but it may not be seen.
        with _impatient(), Store.open(folder, writing=True) as writer, suppress(StoreBusy):
            writer.append([NewItem("later", b"c")], np.ones((1, DIM)))
        return batch

    patches = Patches()
    patches.set(History, "last_batch", overtaken)
    try:
        return differing(folder, held, "while another process wrote")
    finally:
        patches.undo()


@contextmanager
def _impatient() -> Iterator[None]:
    """Have databases that are opened meanwhile not wait for each other."""
    patches = Patches()
    patches.set_item(PRAGMAS, "busy_timeout", 10)
    try:
        yield
    finally:
        patches.undo()


def far_queries(folder: Path) -> list[str]:
    """Compare distances that are too large for float32 all the same."""
    near = np.random.default_rng(0).standard_normal((40, DIM)).astype(np.float32)
    far = near * np.float32(1e-3)
    far[:, 0] += np.where(np.arange(40) % 2, 1, -1).astype(np.float32)
    vectors = (far * np.float32(1.5e19)).astype(np.float32)
    with Store.create(folder, EMBEDDING) as store:
        store.append([NewItem(f"{number}", b"c", label_of(v.tobytes())) for number, v in enumerate(vectors)], vectors)
        answers = store.nearest(vectors, 30)
    return [
        f"the neighbours of item {number} are not those in float64"
        for number, hits in enumerate(answers)
        if [hit.id for hit in hits] != nearest_to(vectors, vectors[number], 30)
    ]


#: Every check by its name.
INVARIANTS: dict[str, Callable[[Path], list[str]]] = {
    "one writer": one_writer,
    "ids never again": ids_never_again,
    "whole batches": whole_batches,
    "damaged rows": harm.damaged_rows,
    "damaged index": harm.damaged_index,
    "index of another history": harm.index_of_another_history,
    "index with other vectors": harm.index_with_other_vectors,
    "damaged embedding": harm.damaged_embedding,
    "swapped deletions": harm.swapped_deletions,
    "far queries": far_queries,
}
