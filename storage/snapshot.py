"""What a store holds at one batch, in memory: the vectors of the live rows, and the id at each position."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage import generations
from storage.catalog import Catalog
from storage.errors import StoreCorrupt
from storage.faiss_flat import FaissFlat
from storage.rows import VECTOR_TYPE, Batch


@dataclass(frozen=True)
class Snapshot:
    """The live rows after `batch`: position p of `index` holds the vector of `ids[p]`; ids ascend, (n,) int64."""

    batch: Batch
    index: FaissFlat
    ids: NDArray[np.int64]

    def positions(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """Return the positions of those of the given ids that the snapshot holds."""
        wanted = np.array(ids, np.int64)
        found = np.searchsorted(self.ids, wanted)
        inside = found < len(self.ids)
        found, wanted = found[inside], wanted[inside]
        held: NDArray[np.int64] = found[self.ids[found] == wanted]
        return held


def load(catalog: Catalog, store: Path, dim: int) -> Snapshot:
    """Load the newest state: the newest generation that proves whole, and the rows that came after it.

    Raise StoreCorrupt when the rows are not as many as the last batch left alive, or one is damaged.
    """
    last = catalog.history.last_batch()
    index, ids, covered = _newest_generation(catalog, store, dim)
    known = [ids]
    for page in catalog.items.pages(after_batch=covered):
        data = b"".join([row.verified().vector for row in page])
        index.add(np.frombuffer(data, VECTOR_TYPE).reshape(len(page), dim).astype(np.float32, copy=False))
        known.append(np.array([row.id for row in page], np.int64))
    if len(index) != last.live:
        raise StoreCorrupt(
            f"expected {last.live} live items after batch {last.number}, got {len(index)}: rows were lost or changed "
            "after they were written; restore the store from a backup"
        )
    return Snapshot(last, index, np.concatenate(known))


def _newest_generation(catalog: Catalog, store: Path, dim: int) -> tuple[FaissFlat, NDArray[np.int64], int]:
    """Return the index, ids and batch of the newest generation that proves whole, or an empty index."""
    last = catalog.history.last_batch()
    for generation in catalog.history.generations():
        if last.live == last.next_id:
            # Nothing was ever deleted: ids are positions, and need not be read.
            ids, alive = np.arange(generation.items), np.ones(generation.items, np.bool_)
        else:
            ids, alive = catalog.items.live_ids_at(generation.batch)
        if len(ids) != generation.items:
            continue
        index = generations.read(generation, store, dim)
        if index is not None:
            if not alive.all():
                index.keep(alive)
            return index, ids[alive], generation.batch
    return FaissFlat(dim), np.empty(0, np.int64), 0
