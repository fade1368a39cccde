"""Copy committed batches to another store, with the same ids and history."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from storage.catalog.batch import Batch
from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.row import Row
from storage.errors import StoreCorrupt

#: Rows read, and written, in one transaction; a larger batch is copied alone.
_ROWS = 8192


@dataclass(frozen=True)
class CopiedBatch:
    """A batch with the rows that it added, in id order, the ids that it deleted, and the thumbnails by id."""

    batch: Batch
    rows: Sequence[Row]
    deleted: Sequence[int]
    thumbnails: Mapping[int, bytes]


def batches_after(database: Database, number: int, fingerprint: str) -> Iterator[list[CopiedBatch]]:
    """Yield the batches after a given one in order, several at a time, each checked against its record.

    Raise StoreCorrupt when a row or a record is damaged or missing, and StoreRenewed when the vectors are not, or no
    longer, those of the embedding of this fingerprint.
    """
    with database.reading() as catalog:
        catalog.require_embedding(fingerprint)
        last = catalog.history.batch(number)
        records = catalog.history.checked_batches(after=number)
        deleted = catalog.items.deleted_by_batch(after=number)
    while records:
        count = 1
        while count < len(records) and records[count].next_id - last.next_id <= _ROWS:
            count += 1
        copies = []
        with database.reading() as catalog:
            catalog.require_embedding(fingerprint)
            for record in records[:count]:
                copies.append(_copy(catalog, last, record, deleted.get(record.number, [])))
                last = record
        records = records[count:]
        yield copies


def _copy(catalog: Catalog, last: Batch, record: Batch, deleted: Sequence[int]) -> CopiedBatch:
    rows = catalog.items.rows_between(last.next_id, record.next_id)
    batch = last.next([(row.id, row.checksum) for row in rows], deleted)
    # A compacted row has no vector any more; the chain covers its checksum.
    if batch != record or not all(row.intact or not row.vector for row in rows):
        raise StoreCorrupt(
            f"expected the rows of batch {record.number} to be those that were acknowledged: run `lookalike store "
            "repair`, or restore the store from a backup"
        )
    return CopiedBatch(batch, rows, deleted, catalog.thumbnails.by_item([row.id for row in rows]))


def write_copies(catalog: Catalog, copies: Sequence[CopiedBatch]) -> None:
    """Write batches that follow the catalog's last one; raise StoreCorrupt when they do not."""
    for copy in copies:
        last = catalog.history.last_batch()
        if copy.batch.number != last.number + 1:
            raise StoreCorrupt(f"expected batch {last.number + 1} to be copied next, got batch {copy.batch.number}")
        if not copy.rows and not copy.deleted:
            # The copy has the embedding already that begins here.
            catalog.begin_embedding(catalog.embedding())
            continue
        catalog.history.write_batch(copy.batch)
        catalog.items.delete(copy.deleted, copy.batch.number)
        catalog.items.write(copy.rows)
        catalog.thumbnails.write(copy.thumbnails)
