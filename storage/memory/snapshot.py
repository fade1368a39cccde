"""What a store holds at one batch, in memory: the vectors of the live rows, and the id at each position."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.catalog.batch import BATCH_ZERO, Batch
from storage.catalog.catalog import Catalog
from storage.catalog.chain import ChainCheck
from storage.catalog.row import VECTOR_DTYPE
from storage.errors import StoreCorrupt
from storage.files import generations
from storage.memory.gc_pause import gc_paused
from storage.nearest.faiss_flat import FaissFlat


@dataclass(frozen=True)
class Snapshot:
    """The live rows after `batch`: position p of `index` holds the vector of `ids[p]`; ids ascend, (n,) int64."""

    batch: Batch
    index: FaissFlat
    ids: NDArray[np.int64]

    def of(self, ids: Sequence[int]) -> "Snapshot":
        """Return the part of the snapshot that these ids, in ascending order, are of; itself when it is all."""
        chosen = self.positions(ids)
        if len(chosen) == len(self.ids):
            return self
        index = FaissFlat(self.index.dim)
        index.add(self.index.vectors()[chosen])
        return Snapshot(self.batch, index, self.ids[chosen])

    def positions(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """Return the positions of those of the given ids that the snapshot holds."""
        wanted = np.array([id for id in ids if abs(id) < 2**63], np.int64)
        found = np.searchsorted(self.ids, wanted)
        inside = found < len(self.ids)
        found, wanted = found[inside], wanted[inside]
        held: NDArray[np.int64] = found[self.ids[found] == wanted]
        return held


@dataclass(frozen=True)
class LiveRows:
    """The rows that lived after `batch`: their ids, ascending (n,) int64, and which live still, (n,) bool.

    `buried` has the ids of the others, ascending, each with the batch that deleted it.
    """

    batch: Batch
    ids: NDArray[np.int64]
    alive: NDArray[np.bool_]
    buried: list[tuple[int, object]]


def live_rows_after(catalog: Catalog, number: int, count: int) -> LiveRows | None:
    """Return the rows that lived after a batch, or None when they are not as many as given."""
    batch, last = catalog.history.batch(number), catalog.history.last_batch()
    if batch.live != count:
        return None
    if last.live == last.next_id == catalog.items.newest_id() + 1:
        # Nothing was ever deleted: ids are positions, and need not be read.
        return LiveRows(batch, np.arange(batch.live), np.ones(batch.live, np.bool_), [])
    deletions = catalog.items.deletions(batch.next_id)
    if deletions is None:
        return None
    # Damage can change a value's type: the chain will tell.
    later = [not isinstance(deleted_in, int) or deleted_in > number for deleted_in in deletions]
    ids = np.flatnonzero(later)
    alive = np.array([deletions[id] is None for id in ids], np.bool_)
    buried = [(int(id), deletions[id]) for id in ids[~alive]]
    return LiveRows(batch, ids, alive, buried) if len(ids) == count else None


def load(catalog: Catalog, store: Path | None, dim: int) -> Snapshot:
    """Load the newest state: the newest generation that proves whole, and the rows that came after it.

    Raise StoreCorrupt when the rows are not those that were acknowledged, or one is damaged.
    """
    last = catalog.history.last_batch()
    lived, index = _newest_generation(catalog, store, dim)
    check = ChainCheck(catalog.history, lived.batch)
    for id, deleted_in in lived.buried:
        check.add_deletion(id, deleted_in)
    ids = [lived.ids[lived.alive]]
    with gc_paused():
        for page in catalog.items.all_row_pages(from_id=lived.batch.next_id):
            for row, deleted_in in page:
                check.add(row, deleted_in)
            living = [row.verified() for row, deleted_in in page if deleted_in is None]
            block = np.frombuffer(b"".join([row.vector_bytes(dim) for row in living]), VECTOR_DTYPE)
            index.add(block.reshape(len(living), dim).astype(np.float32, copy=False))
            ids.append(np.array([row.id for row in living], np.int64))
    check.finish()
    last.require_live(len(index))
    if not index.finite():
        raise StoreCorrupt(
            "expected vectors that can be searched, got NaN, infinity or larger values than float32 holds squared: "
            "something other than Lookalike wrote them; restore the store from a backup"
        )
    return Snapshot(last, index, np.concatenate(ids))


def _newest_generation(catalog: Catalog, store: Path | None, dim: int) -> tuple[LiveRows, FaissFlat]:
    """Return the rows that the newest generation that proves whole covers, and the vectors of those that live still.

    Without one that is the empty store.
    """
    for generation in catalog.history.generations():
        # Read first: its size proves that there are as many as the record says.
        index = generations.read(generation, store, dim) if store is not None else None
        lived = live_rows_after(catalog, generation.batch, len(index)) if index is not None else None
        if index is not None and lived is not None:
            if not lived.alive.all():
                index.keep(lived.alive)
            return lived, index
    return LiveRows(BATCH_ZERO, np.empty(0, np.int64), np.empty(0, np.bool_), []), FaissFlat(dim)
