"""The live rows of a store at one batch, in memory: their ids, and their vectors in an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.catalog.batch import BATCH_ZERO, Batch
from storage.catalog.pages import BatchState
from storage.catalog.row import vectors_of
from storage.errors import StoreCorrupt
from storage.files import generations
from storage.memory.gc_pause import gc_paused
from storage.nearest.answers import NO_POSITIONS, Positions
from storage.nearest.faiss_flat import FaissFlat


@dataclass(frozen=True)
class Snapshot:
    """The live rows after `batch`: position p of `index` holds the vector of `ids[p]`; ids ascend, (n,) int64."""

    batch: Batch
    index: FaissFlat
    ids: NDArray[np.int64]

    def of(self, ids: Sequence[int]) -> "Snapshot":
        """Return the sub-snapshot of these ascending ids; self when they are all of them."""
        positions = self.positions(ids)
        if len(positions) == len(self.ids):
            return self
        index = FaissFlat(self.index.dim)
        index.add(self.index.vectors()[positions])
        return Snapshot(self.batch, index, self.ids[positions])

    def positions(self, ids: Sequence[int]) -> Positions:
        """Return the positions of these ids, in their order, without those of ids that the snapshot does not have."""
        if not ids:
            return NO_POSITIONS
        positions, known = self._lookup(ids)
        return positions[known]

    def positions_of_each(self, lists: Sequence[Sequence[int]]) -> list[Positions]:
        """Return the positions of the ids of each list, as `positions` does."""
        positions, known = self._lookup([id for ids in lists for id in ids])
        if not known.all():
            return [self.positions(ids) for ids in lists]
        ends = accumulate(map(len, lists))
        return [positions[end - len(ids) : end] for ids, end in zip(lists, ends, strict=True)]

    def vectors_of(self, ids: Sequence[int]) -> NDArray[np.float32] | None:
        """Return the vectors of these ids, (n, dim) float32; None when the snapshot does not have all of them."""
        positions, known = self._lookup(ids)
        return self.index.vectors()[positions] if known.all() else None

    def _lookup(self, ids: Sequence[int]) -> tuple[Positions, NDArray[np.bool_]]:
        """Return the position of each id, and whether the snapshot has it; the position means nothing if it has not."""
        return find_ascending(self.ids, np.array([id if abs(id) < 2**63 else -1 for id in ids], np.int64))


def find_ascending(ascending: NDArray[np.int64], ids: NDArray[np.int64]) -> tuple[Positions, NDArray[np.bool_]]:
    """Return the position of each id, (m,), among ascending ones, (n,), and whether it is there.

    The position of an id that is not there means nothing.
    """
    if not len(ascending):
        return np.zeros(len(ids), np.int64), np.zeros(len(ids), np.bool_)
    positions = ascending.searchsorted(ids)
    known: NDArray[np.bool_] = ascending.take(positions, mode="clip") == ids
    return positions, known


@dataclass(frozen=True)
class LiveRows:
    """Rows live after `batch`: ids, ascending (n,) int64, and a mask of those live in a later state, (n,) bool.

    `deleted` has the ids of the others, ascending, each with the batch that deleted it.
    """

    batch: Batch
    ids: NDArray[np.int64]
    still_live: NDArray[np.bool_]
    deleted: list[tuple[int, object]]


def live_rows_after(state: BatchState, number: int, count: int) -> LiveRows | None:
    """Return the rows that were live after a batch up to the state's, or None when their number is not `count`."""
    with state.reading() as catalog:
        batch = catalog.history.batch(number)
    if batch.live != count:
        return None
    if state.batch.live == state.batch.next_id == state.newest_id + 1:
        # Nothing was ever deleted: ids are positions, and need not be read.
        return LiveRows(batch, np.arange(batch.live), np.ones(batch.live, np.bool_), [])
    deletions: list[object] = []
    for page in state.scan(lambda catalog, page: catalog.items.deletions(page), end_id=batch.next_id):
        for id, deleted_in in page:
            # Ids have no gaps and rows are never removed, so the list's index is the id.
            if id != len(deletions):
                return None
            deletions.append(deleted_in)
    if len(deletions) != batch.next_id:
        return None
    # Damage can change a value's type: the chain will notice.
    was_live = [not isinstance(deleted_in, int) or deleted_in > number for deleted_in in deletions]
    ids = np.flatnonzero(was_live)
    still_live = np.array([deletions[id] is None for id in ids], np.bool_)
    deleted = [(int(id), deletions[id]) for id in ids[~still_live]]
    return LiveRows(batch, ids, still_live, deleted) if len(ids) == count else None


def load(state: BatchState, store: Path | None, dim: int) -> Snapshot:
    """Load a state: the newest intact generation up to its batch, and the rows added since.

    Raise StoreCorrupt when the rows are not those of the chain, or one is damaged; StoreChanged as `state` does.
    """
    live, index = _newest_generation(state, store, dim)
    check = state.chain_check(live.batch)
    for id, deleted_in in live.deleted:
        check.add_deletion(id, deleted_in)
    ids = [live.ids[live.still_live]]
    with gc_paused():
        for page in state.row_pages(first_id=live.batch.next_id):
            for row, deleted_in in page.history():
                check.add(row, deleted_in)
            rows = page.live()
            index.add(vectors_of(rows, dim))
            ids.append(np.array([row.id for row in rows], np.int64))
    check.finish()
    state.batch.require_live(len(index))
    if not index.finite():
        raise StoreCorrupt(
            "expected vectors that can be searched, got NaN, infinity or larger values than float32 holds squared: "
            "something other than Lookalike wrote them; restore the store from a backup"
        )
    return Snapshot(state.batch, index, np.concatenate(ids))


def _newest_generation(state: BatchState, store: Path | None, dim: int) -> tuple[LiveRows, FaissFlat]:
    """Return the rows that the newest intact generation covers, and the vectors of those live in the state.

    Without an intact generation both are empty.
    """
    with state.reading() as catalog:
        recorded = catalog.history.generations()
    for generation in recorded:
        # Read first: its size proves the number of items in the record. A writer may have removed it meanwhile.
        if store is None or generation.batch > state.batch.number:
            continue
        index = generations.read(generation, store, dim)
        live = live_rows_after(state, generation.batch, len(index)) if index is not None else None
        if index is not None and live is not None:
            if not live.still_live.all():
                index.keep(live.still_live)
            return live, index
    return LiveRows(BATCH_ZERO, np.empty(0, np.int64), np.empty(0, np.bool_), []), FaissFlat(dim)
