"""A store's batches on their way to another store, where they are written again as they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from storage.catalog.catalog import Catalog
from storage.catalog.checksum import next_chain
from storage.catalog.database import Database
from storage.catalog.rows import Batch, Row
from storage.errors import StoreCorrupt

#: Rows that are read, and written, in one transaction, unless a batch has more.
_ROWS = 8192


@dataclass(frozen=True)
class CopiedBatch:
    """A batch with the rows that it added, in id order, the ids that it deleted, and the thumbnails by id."""

    batch: Batch
    rows: Sequence[Row]
    deleted: Sequence[int]
    thumbnails: Mapping[int, bytes]


def batches_after(database: Database, number: int) -> Iterator[list[CopiedBatch]]:
    """Walk the batches after a given one in order, several at a time, each proved by its chain hash.

    Raise StoreCorrupt when a row was damaged or lost.
    """
    with database.reading() as connection:
        catalog = Catalog(connection)
        last = catalog.history.batch(number)
        following = catalog.history.batches(after=number)
        deleted = catalog.items.deleted_by_batch(after=number)
    while following:
        count = 0
        while count < len(following) and (not count or following[count].next_id - last.next_id <= _ROWS):
            count += 1
        some, following = following[:count], following[count:]
        with database.reading() as connection:
            catalog = Catalog(connection)
            copied = []
            for batch in some:
                copied.append(_copied(catalog, last, batch, deleted.get(batch.number, [])))
                last = batch
        yield copied


def _copied(catalog: Catalog, last: Batch, batch: Batch, deleted: Sequence[int]) -> CopiedBatch:
    rows = catalog.items.added(last.next_id, batch.next_id)
    chain = next_chain(last.chain, ((row.id, row.checksum) for row in rows), deleted)
    # A compacted row has no vector any more; the chain answers for its checksum.
    if chain != batch.chain or not all(row.whole or not row.vector for row in rows):
        raise StoreCorrupt(
            f"expected the rows of batch {batch.number} to be those that were acknowledged: run `python -m storage "
            "repair`, or restore the store from a backup"
        )
    return CopiedBatch(batch, rows, deleted, catalog.thumbnails.by_item([row.id for row in rows]))


def write_copies(catalog: Catalog, copies: Sequence[CopiedBatch]) -> None:
    """Write batches that follow the catalog's last one; raise StoreCorrupt when they do not."""
    for copy in copies:
        last = catalog.history.last_batch()
        if copy.batch.number != last.number + 1:
            raise StoreCorrupt(f"expected batch {last.number + 1} to be copied next, got batch {copy.batch.number}")
        catalog.history.write_batch(copy.batch)
        catalog.items.bury(copy.deleted, copy.batch.number)
        catalog.items.write(copy.rows)
        catalog.thumbnails.write(copy.thumbnails)
