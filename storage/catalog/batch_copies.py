"""Copy committed batches to another store, with the same ids and history."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from storage.catalog.batch import Batch
from storage.catalog.catalog import Catalog
from storage.catalog.page import Page
from storage.catalog.pages import BatchState, RowPage
from storage.catalog.row import Row
from storage.errors import StoreCorrupt

#: Rows written in one transaction; a larger batch is copied alone.
_ROWS = 8192


@dataclass(frozen=True)
class CopiedBatch:
    """A batch with the rows that it added, in id order, the ids that it deleted, and the thumbnails by id."""

    batch: Batch
    rows: Sequence[Row]
    deleted: Sequence[int]
    thumbnails: Mapping[int, bytes]


def batches_after(state: BatchState, number: int) -> Iterator[list[CopiedBatch]]:
    """Yield the batches after a given one in order, up to the state's, several at a time, each checked.

    Raise StoreCorrupt when a row or a record is damaged or missing, StoreRenewed or StoreChanged as `state` does.
    """
    with state.reading() as catalog:
        last = catalog.history.batch(number)
        records = catalog.history.checked_batches(number, state.batch.number)
    deleted: dict[int, list[int]] = defaultdict(list)
    for page in state.scan(lambda catalog, page: catalog.items.deleted_by_batch(page, after=number)):
        for batch, id in page:
            deleted[batch].append(id)
    while records:
        count = 1
        while count < len(records) and records[count].next_id - last.next_id <= _ROWS:
            count += 1
        rows, thumbnails = _rows_between(state, last.next_id, records[count - 1].next_id)
        copies = []
        for record in records[:count]:
            copies.append(_copy(last, record, rows, deleted.get(record.number, []), thumbnails))
            last = record
        records = records[count:]
        yield copies


def _rows_between(state: BatchState, first_id: int, end_id: int) -> tuple[dict[int, Row], dict[int, bytes]]:
    """Return the rows, live or deleted, with ids from `first_id` up to `end_id` - 1, and the live ones' thumbnails."""
    rows: dict[int, Row] = {}
    thumbnails: dict[int, bytes] = {}
    for page, page_thumbnails in state.pages(_rows_and_thumbnails, first_id=first_id, end_id=end_id):
        page.require_kept()
        rows |= {row.id: row for row, _ in page.rows}
        thumbnails |= page_thumbnails
    return rows, thumbnails


def _rows_and_thumbnails(catalog: Catalog, page: Page) -> tuple[RowPage, dict[int, bytes]]:
    rows = RowPage(page, catalog.items.in_page(page))
    live = [row.id for row, deleted_in in rows.history() if deleted_in is None]
    return rows, catalog.thumbnails.by_item(live, deleted=True)


def _copy(
    last: Batch, record: Batch, rows: Mapping[int, Row], deleted: Sequence[int], thumbnails: Mapping[int, bytes]
) -> CopiedBatch:
    added = [rows[id] for id in range(last.next_id, record.next_id) if id in rows]
    batch = last.next([(row.id, row.checksum) for row in added], deleted)
    # A compacted row has no vector any more; the chain covers its checksum.
    if batch != record or not all(row.intact or not row.vector for row in added):
        raise StoreCorrupt(
            f"expected the rows of batch {record.number} to be those that were acknowledged: run `lookalike store "
            "repair`, or restore the store from a backup"
        )
    return CopiedBatch(batch, added, deleted, {row.id: thumbnails[row.id] for row in added if row.id in thumbnails})


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
