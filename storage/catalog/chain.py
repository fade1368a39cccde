"""Recompute the records of batches from the rows, and check them against those that were committed."""

from collections import defaultdict, deque

from storage.catalog.batch import BATCH_ZERO, Batch
from storage.catalog.history import History
from storage.catalog.row import Row
from storage.errors import StoreCorrupt


class RowsByBatch:
    """Ids and checksums of rows by the batch that added them, and deleted ids by the batch that deleted them.

    Rows come in id order. A batch may be of any type, since damage can change it.
    """

    def __init__(self) -> None:
        self.added: dict[object, list[tuple[int, bytes]]] = defaultdict(list)
        self.deleted: dict[object, list[int]] = defaultdict(list)
        #: Whether each batch of `batches` added the next ids, without a gap.
        self.ids_are_dense = True

    def add(self, row: Row, deleted_in: object) -> None:
        """Add a row with the batch that deleted it; None for a live row."""
        self.added[row.batch].append((row.id, row.checksum))
        if deleted_in is not None:
            self.deleted[deleted_in].append(row.id)

    def next_batch(self, last: Batch) -> Batch:
        """Return the record that the batch after `last` must have, and drop that batch's rows."""
        number = last.number + 1
        return last.next(self.added.pop(number, []), self.deleted.pop(number, []))

    def batches(self, count: int) -> list[Batch]:
        """Return the records that the first `count` batches must have, batch 0 included."""
        batches = [BATCH_ZERO]
        while len(batches) < count:
            last = batches[-1]
            added = self.added.get(last.number + 1, [])
            self.ids_are_dense &= [id for id, _ in added] == list(range(last.next_id, last.next_id + len(added)))
            batches.append(self.next_batch(last))
        return batches


class ChainCheck:
    """Check rows, one by one in id order, against the record of each batch after `start`, up to `end`.

    Only the rows of the current batch are held. Every method raises StoreCorrupt at the first mismatch.
    """

    def __init__(self, history: History, start: Batch, end: Batch) -> None:
        self._last = start
        self._records = deque(history.batches(start.number, end.number))
        self._current: object = None
        self._rows = RowsByBatch()

    def add_deletion(self, id: int, batch: object) -> None:
        """Record that `batch` deleted a row that was added up to `start`; ids ascend, before any row is added."""
        self._rows.deleted[batch].append(id)

    def add(self, row: Row, deleted_in: object) -> None:
        """Add the next row with the batch that deleted it; None for a live row."""
        if row.batch != self._current:
            self._begin_batch(row)
        self._rows.add(row, deleted_in)

    def _begin_batch(self, row: Row) -> None:
        """Check the batches before the row's."""
        while self._records and isinstance(row.batch, int) and self._records[0].number < row.batch:
            self._check_batch()
        if not self._records or self._records[0].number != row.batch:
            raise rows_changed(f"item {row.id} to belong to a batch that was acknowledged")
        self._current = row.batch

    def finish(self) -> None:
        """Check the remaining batches; there are no more rows."""
        while self._records:
            self._check_batch()
        for batch, ids in self._rows.deleted.items():
            raise rows_changed(
                f"item {ids[0]} to have been deleted in a batch that was acknowledged, got {batch!r:.100}"
            )

    def _check_batch(self) -> None:
        record = self._records.popleft()
        self._last = self._rows.next_batch(self._last)
        self._current = None
        if self._last != record:
            raise rows_changed(f"the rows of batch {record.number} to be those that were acknowledged")


def rows_changed(expected: str) -> StoreCorrupt:
    """Return the error for rows that were lost or changed, with what was expected of them."""
    return StoreCorrupt(
        f"expected {expected}: rows were lost or changed after they were written; run `lookalike store repair`, or "
        "restore the store from a backup"
    )
