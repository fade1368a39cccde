"""The live rows of a store at one batch, in memory: their vectors in an index, all else in columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.catalog.batch import BATCH_ZERO, Batch
from storage.catalog.pages import BatchState
from storage.catalog.row import Row, vectors_of
from storage.columns.columns import Columns
from storage.columns.columns_builder import ColumnsBuilder, empty_columns
from storage.errors import StoreCorrupt
from storage.files import generations
from storage.memory.gc_pause import gc_paused
from storage.memory.unpublished import UnpublishedRows
from storage.nearest.answers import NO_POSITIONS, Positions
from storage.nearest.faiss_flat import FaissFlat
from storage.nearest.selected_index import SelectedIndex


@dataclass(frozen=True)
class Snapshot:
    """The live rows after `batch`: position p of `index` holds the vector of row p of `columns`; ids ascend.

    A sub-snapshot has a selection of them besides.
    """

    batch: Batch
    index: FaissFlat
    columns: Columns
    selection: SelectedIndex | None = None

    def of(self, mask: NDArray[np.bool_]) -> "Snapshot":
        """Return the sub-snapshot of the rows where a mask, (n,) bool, is true; self when they are all of them."""
        return self if mask.all() else replace(self, selection=SelectedIndex(self.index, mask))

    @property
    def searched(self) -> FaissFlat | SelectedIndex:
        """Return the index of the vectors that are searched."""
        return self.index if self.selection is None else self.selection

    @property
    def ids(self) -> NDArray[np.int64]:
        """Return the ids of the rows, (n,) int64 ascending, selected or not."""
        return self.columns.ids

    def checked_rows(self, positions: Positions) -> list[Row]:
        """Return the rows at these positions with their vectors, each checked; raise StoreCorrupt."""
        return [row.verified() for row in self.columns.rows(positions, self.index.vectors()[positions])]

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
class _Covered:
    """What a generation covers: the rows that were live after `batch` and still are in a later state.

    `deleted` has the ids of the others, ascending, each with the batch that deleted it.
    """

    batch: Batch
    index: FaissFlat
    columns: Columns
    deleted: list[tuple[int, object]]


def load(state: BatchState, store: Path | None, dim: int, unpublished: UnpublishedRows | None = None) -> Snapshot:
    """Load a state: the newest intact generation up to its batch, and the rows added since, unless they are there.

    Raise StoreCorrupt when the rows are not those of the chain, or one is damaged; StoreChanged as `state` does.
    """
    covered = _newest_generation(state, store, dim)
    index = covered.index
    if unpublished is not None and (unpublished.start, unpublished.end) == (covered.batch, state.batch):
        columns = unpublished.add_to(index, covered.columns)
    else:
        columns = _with_rows_since(covered, state)
    state.batch.require_live(len(index))
    if not index.finite():
        raise StoreCorrupt(
            "expected vectors that can be searched, got NaN, infinity or larger values than float32 holds squared: "
            "something other than Lookalike wrote them; restore the store from a backup"
        )
    return Snapshot(state.batch, index, columns)


def _with_rows_since(covered: _Covered, state: BatchState) -> Columns:
    """Add the vectors of the rows since a generation to its index, and return its columns with theirs after."""
    index, builder = covered.index, ColumnsBuilder()
    check = state.chain_check(covered.batch)
    for id, deleted_in in covered.deleted:
        check.add_deletion(id, deleted_in)
    with gc_paused():
        for page in state.row_pages(first_id=covered.batch.next_id):
            for row, deleted_in in page.history():
                check.add(row, deleted_in)
            rows = page.live()
            index.add(vectors_of(rows, index.dim))
            builder.add(rows)
    check.finish()
    return builder.finish(covered.columns)


def _newest_generation(state: BatchState, store: Path | None, dim: int) -> _Covered:
    """Return what the newest intact generation covers; nothing without one."""
    with state.reading() as catalog:
        recorded = catalog.history.generations()
    for generation in recorded:
        # A writer may have removed it meanwhile.
        if store is None or generation.batch > state.batch.number:
            continue
        files = generations.read(generation, store, dim)
        covered = _covered(state, generation.batch, *files) if files is not None else None
        if covered is not None:
            return covered
    return _Covered(BATCH_ZERO, FaissFlat(dim), empty_columns(), [])


def _covered(state: BatchState, number: int, index: FaissFlat, columns: Columns) -> _Covered | None:
    """Return what of a generation of a batch is still live in a state; None when its rows are not that batch's."""
    with state.reading() as catalog:
        batch = catalog.history.batch(number)
    if batch.live != len(columns):
        return None
    if state.batch.live - batch.live == state.batch.next_id - batch.next_id:
        # Nothing was deleted since.
        return _Covered(batch, index, columns, [])
    pages = state.pages(lambda catalog, page: catalog.items.deletions(page), end_id=batch.next_id)
    # Damage can change a value's type: the chain will notice.
    deleted = [
        (id, deleted_in)
        for page in pages
        for id, deleted_in in page
        if deleted_in is not None and not (isinstance(deleted_in, int) and deleted_in <= number)
    ]
    still_live = np.isin(columns.ids, [id for id, _ in deleted], invert=True)
    index.keep(still_live)
    return _Covered(batch, index, columns.keep(still_live), deleted)
