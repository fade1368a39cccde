"""Prove rows by the chain: walked in id order, they must tell the batches that were acknowledged, and no others."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator

from storage.catalog.catalog import Catalog
from storage.catalog.checksum import CHAIN_START, next_chain
from storage.catalog.history import History
from storage.catalog.rows import Batch, Row
from storage.errors import StoreCorrupt

#: The store before its first batch.
EMPTY = Batch(0, 0, 0, CHAIN_START)


class ChainCheck:
    """What the rows of the batches after a given one tell, held against the record of each batch as it ends.

    Every method raises StoreCorrupt when the two do not agree.
    """

    def __init__(self, history: History, start: Batch = EMPTY) -> None:
        self._last = start
        self._left = deque(history.batches(after=start.number))
        self._open: object = None
        self._added: list[tuple[int, bytes]] = []
        self._deleted: dict[object, list[int]] = defaultdict(list)

    def bury(self, id: int, batch: object) -> None:
        """Take in that a row was deleted in a batch; ids come in ascending order."""
        self._deleted[batch].append(id)

    def see(self, row: Row, deleted_in: object) -> None:
        """Take in a row with the batch that deleted it, if one did."""
        if row.batch != self._open:
            self._begin(row)
        self._added.append((row.id, row.checksum))
        if deleted_in is not None:
            self.bury(row.id, deleted_in)

    def _begin(self, row: Row) -> None:
        """Close the batches before a row's."""
        while self._left and isinstance(row.batch, int) and self._left[0].number < row.batch:
            self._close()
        if not self._left or self._left[0].number != row.batch:
            raise _changed(f"item {row.id} to belong to a batch that was acknowledged")
        self._open = row.batch

    def end(self) -> None:
        """Take in that there are no more rows."""
        while self._left:
            self._close()
        for batch, ids in self._deleted.items():
            raise _changed(f"item {ids[0]} to have been deleted in a batch that was acknowledged, got {batch!r}")

    def _close(self) -> None:
        known, last = self._left.popleft(), self._last
        deleted = self._deleted.pop(known.number, [])
        self._open = None
        # Damage can change a checksum's type too.
        added = [(id, checksum if isinstance(checksum, bytes) else b"") for id, checksum in self._added]
        self._last = Batch(
            last.number + 1,
            last.live + len(self._added) - len(deleted),
            last.next_id + len(self._added),
            next_chain(last.chain, added, deleted),
        )
        self._added.clear()
        if self._last != known:
            raise _changed(f"the rows of batch {known.number} to be those that were acknowledged")


def proven_rows(catalog: Catalog) -> Iterator[Row]:
    """Walk all live rows in id order; raise StoreCorrupt at the latest after the last unless they are all there is."""
    proof = ChainCheck(catalog.history)
    for row, deleted_in in catalog.items.history():
        proof.see(row, deleted_in)
        if deleted_in is None:
            yield row.verified()
    proof.end()


def require_count(last: Batch, count: int) -> None:
    """Raise StoreCorrupt unless there are as many live rows as the last batch left."""
    if count != last.live:
        raise StoreCorrupt(
            f"expected {last.live} live items after batch {last.number}, got {count}: rows were lost or changed after "
            "they were written; restore the store from a backup"
        )


def require_no_such_key(catalog: Catalog) -> None:
    """Raise StoreCorrupt unless a key that the catalog does not find is truly that of no item."""
    if not catalog.items.keys_agree(catalog.history.last_batch().live):
        raise _changed("the catalog's index of keys to lead to every item")


def require_gone(catalog: Catalog, ids: Iterable[int]) -> None:
    """Raise StoreCorrupt when one of these ids, which no live row has, was given out and never deleted."""
    for id in ids:
        if 0 <= id < catalog.history.last_batch().next_id and not catalog.items.gone(id):
            raise _changed(f"item {id}, which was stored, to be there or to be deleted")


def last_batch(catalog: Catalog) -> Batch:
    """Return the newest batch, to write on; raise StoreCorrupt when its next id is not the one after all rows'."""
    last, newest = catalog.history.last_batch(), catalog.items.newest_id()
    if newest + 1 != last.next_id:
        raise _changed(f"item {last.next_id - 1} to be the newest, got item {newest}")
    return last


def label_counts(catalog: Catalog) -> dict[str | None, int]:
    """Return how many live items each label has, by label, those without one last, every row checked."""
    counts = Counter(row.item().label for row in proven_rows(catalog))
    return dict(sorted(counts.items(), key=lambda pair: (pair[0] is None, pair[0] or "")))


def _changed(expected: str) -> StoreCorrupt:
    return StoreCorrupt(
        f"expected {expected}: rows were lost or changed after they were written; run `python -m storage repair`, or "
        "restore the store from a backup"
    )
