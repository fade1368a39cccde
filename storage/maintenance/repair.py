"""Repair a damaged store: quarantine damaged items, and rebuild the records and index files from the rows."""

from collections.abc import Sequence
from pathlib import Path

from storage.catalog import commit
from storage.catalog.batch import Batch
from storage.catalog.catalog import Catalog
from storage.catalog.chain import RowsByBatch
from storage.catalog.pages import state_within
from storage.maintenance.verification import (
    damaged_generations,
    damaged_sources,
    damaged_thumbnails,
    missing_ids,
    recorded_batches,
)


def repair_rows(catalog: Catalog, dim: int) -> list[str]:
    """Make rows and batches consistent; return one line for each change.

    Damaged items are quarantined and deleted. Missing rows get tombstones, so that their ids are not reused.
    The records of batches are recomputed from the rows.
    """
    state = state_within(catalog)
    recorded = recorded_batches(state)
    damaged = [
        row.id
        for page in state.row_pages()
        for row, deleted_in in page.rows
        if row.problem(dim, deleted=deleted_in is not None) is not None
    ]
    for id in damaged:
        catalog.items.quarantine(id, _batch_of(id, recorded))
    changes = [f"item {id}: damaged, quarantined" for id in damaged]
    missing = missing_ids(state, _recomputed_batches(catalog, len(recorded)))
    for id in missing:
        catalog.items.write_tombstone(id, _batch_of(id, recorded))
    changes += [f"item {id}: its row is missing; its id is not reused" for id in missing]
    catalog.thumbnails.remove([*damaged, *missing])
    catalog.sources.remove([*damaged, *missing])
    thumbnails = list(damaged_thumbnails(state))
    catalog.thumbnails.remove(thumbnails)
    changes += [f"thumbnail of item {id}: damaged, removed" for id in thumbnails]
    sources = list(damaged_sources(state))
    catalog.sources.remove(sources)
    changes += [f"source of item {id}: damaged, removed; the next job of its source takes it up" for id in sources]
    jobs = catalog.jobs.damaged()
    if jobs:
        catalog.jobs.remove_damaged()
    changes += [f"{name}: the record was damaged, removed" for name in jobs]
    for batch, record in zip(_recomputed_batches(catalog, len(recorded)), recorded, strict=True):
        if batch != record:
            catalog.history.rewrite_batch(batch)
            # The index files that were written after the old record are not of the history that begins here.
            catalog.history.remove_generations_of(record)
            changes.append(f"batch {batch.number}: its record was recomputed from its rows")
    commit.delete(catalog, [row.id for row in catalog.items.by_id(damaged) if row is not None])
    catalog.items.empty(damaged)
    return changes


def _recomputed_batches(catalog: Catalog, count: int) -> list[Batch]:
    """Return the records that the first `count` batches must have, recomputed from the rows."""
    rows = RowsByBatch()
    for page in state_within(catalog).row_pages():
        for row, deleted_in in page.rows:
            rows.add(row, deleted_in)
    return rows.batches(count)


def _batch_of(id: int, batches: Sequence[Batch]) -> int:
    """Return the number of the batch that assigned an id."""
    return next((batch.number for batch in batches if batch.next_id > id), batches[-1].number)


def remove_damaged_generations(catalog: Catalog, store: Path | None, dim: int) -> list[str]:
    """Remove the records of damaged index files, so that `publish` writes a new one; return one line for each."""
    changes = []
    if unusable := catalog.history.unusable_generations():
        catalog.history.remove_unusable_generations()
        changes.append(f"index files: {unusable:,} records that are damaged or of another history, removed")
    for generation, line in list(damaged_generations(state_within(catalog), store, dim)):
        catalog.history.remove_generation(generation.number)
        changes.append(f"{line.partition(';')[0]}, rebuilt")
    return changes
