"""Make a damaged store whole again: rebuild what is derived, set aside what cannot be trusted, and name it."""

from collections.abc import Sequence
from pathlib import Path

from storage.catalog.catalog import Catalog
from storage.catalog.commit import bury
from storage.catalog.rows import Batch
from storage.maintenance.verification import (
    acknowledged_batches,
    batches_of_rows,
    damaged_generations,
    damaged_rows,
    lost_ids,
)


def repair_rows(catalog: Catalog, dim: int) -> list[str]:
    """Make rows and batches agree again; return a line for each thing that was done.

    Damaged rows are set aside as deleted items, lost ones get a tombstone so that their ids are not given out again,
    and the batches tell what the rows do.
    """
    acknowledged = acknowledged_batches(catalog)
    damaged = [row.id for row in damaged_rows(catalog, dim)]
    for id in damaged:
        catalog.items.set_aside(id, _batch_of(id, acknowledged))
    catalog.thumbnails.remove(damaged)
    done = [f"item {id}: damaged, set aside" for id in damaged]
    lost = lost_ids(catalog, batches_of_rows(catalog))
    for id in lost:
        catalog.items.write_tombstone(id, _batch_of(id, acknowledged))
    done += [f"item {id}: its row is gone; its id stays taken" for id in lost]
    catalog.thumbnails.remove(lost)
    pictures = catalog.thumbnails.damaged()
    catalog.thumbnails.remove(pictures)
    done += [f"thumbnail of item {id}: damaged, removed" for id in pictures]
    for told, known in zip(batches_of_rows(catalog), acknowledged, strict=True):
        if told != known:
            catalog.history.rewrite_batch(told)
            done.append(f"batch {told.number}: its record was made to match its rows")
    bury(catalog, [row.id for row in catalog.items.by_id(damaged) if row is not None])
    return done


def _batch_of(id: int, batches: Sequence[Batch]) -> int:
    """Return the batch that gave out an id."""
    return next((batch.number for batch in batches if batch.next_id > id), batches[-1].number)


def forget_damaged_generations(catalog: Catalog, store: Path | None, dim: int) -> list[str]:
    """Forget the index files that are not what they should be, so that a new one takes their place; a line for each."""
    done = []
    for generation, line in list(damaged_generations(catalog, store, dim)):
        catalog.history.forget_generation(generation.number)
        done.append(f"{line.partition(';')[0]}, made again")
    return done
