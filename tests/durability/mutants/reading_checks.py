"""A writer beside a reader of all rows: it commits between the pages, and what is read is of one batch."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.durability.workload import DIM, label_of, stored_items
from storage import NewItem, Store
from storage.catalog import pages
from storage.catalog.chain import RowsByBatch
from storage.catalog.row import Row
from storage.databases import lock_wait
from storage.databases.sqlite_file import PRAGMAS
from storage.errors import StoreBusy
from tests.durability.mutants.patches import Patches
from tests.durability.mutants.probes import make_store


def writer_beside_reader(folder: Path) -> list[str]:
    """A writer commits while all rows are verified or read; no row or deletion of its batches is taken for damage."""
    make_store(folder)
    wrong = []
    for write in (_append_and_delete, _delete_and_compact):
        for read in (Store.verify, _keys):
            with Store.open(folder) as store:
                before = _keys(store)
            expected: list[object] = [[]] if read == Store.verify else [before]
            result = _read_beside(folder, read, write)
            with Store.open(folder) as store:
                after = _keys(store)
            expected += [] if read == Store.verify else [after]
            if result is None:
                wrong.append(f"{write.__name__} had to wait for {read.__name__}")
            elif result not in expected:
                wrong.append(f"{read.__name__} beside {write.__name__}: {result}")
            elif before == after:
                wrong.append(f"{write.__name__} changed nothing")
    return wrong


def _read_beside(folder: Path, read: Callable[[Store], object], write: Callable[[Path], None]) -> object:
    """Return what is read with a write after the first page of few rows; None if the writer had to wait."""
    add, waited = RowsByBatch.add, []

    def write_and_add(rows: RowsByBatch, row: Row, deleted_in: object) -> None:
        RowsByBatch.add = add  # type: ignore[method-assign]
        try:
            write(folder)
        except StoreBusy:
            waited.append(True)
        add(rows, row, deleted_in)

    with Patches() as patches:
        patches.set(pages, "_ROWS", 7)
        patches.set_item(PRAGMAS, "busy_timeout", 10)
        patches.set(lock_wait, "LONGEST_WAIT_S", 0.0)
        patches.set(RowsByBatch, "add", write_and_add)
        with Store.open(folder) as store:
            result = read(store)
    return None if waited else result


def _keys(store: Store) -> dict[int, str]:
    return {item.id: item.key for item in store.items()}


def _append_and_delete(folder: Path) -> None:
    vector = np.ones(DIM, np.float32)
    with Store.open(folder, writing=True) as store:
        store.append([NewItem(f"later {len(store)}", b"c", label_of(vector.tobytes()))], [vector])
        store.delete(ids=[max(stored_items(store))])
        store.append([NewItem("b3", b"c", label_of(vector.tobytes()))], [vector])


def _delete_and_compact(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        store.delete(ids=store.ids()[-3:].tolist())
        store.compact()
