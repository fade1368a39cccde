"""Make a damaged store whole again: rebuild what is derived, set aside what cannot be trusted, and name it."""

from pathlib import Path

from storage.catalog import Catalog
from storage.commit import bury
from storage.verification import batches_of_rows, damaged_generations, damaged_rows


def repair_rows(catalog: Catalog, dim: int) -> list[str]:
    """Set damaged rows aside as deleted items, and make the batches tell what the rows do; return a line for each."""
    damaged = [row.id for row in damaged_rows(catalog, dim)]
    for id in damaged:
        catalog.items.set_aside(id)
    catalog.thumbnails.remove(damaged)
    done = [f"item {id}: damaged, set aside" for id in damaged]
    pictures = catalog.thumbnails.damaged()
    catalog.thumbnails.remove(pictures)
    done += [f"thumbnail of item {id}: damaged, removed" for id in pictures]
    for told, acknowledged in zip(batches_of_rows(catalog), catalog.history.batches(), strict=True):
        if told != acknowledged:
            catalog.history.rewrite_batch(told)
            done.append(f"batch {told.number}: its record was made to match its rows")
    bury(catalog, [row.id for row in catalog.items.by_id(damaged) if row is not None])
    return done


def forget_damaged_generations(catalog: Catalog, store: Path, dim: int) -> list[str]:
    """Forget the index files that are not what they should be, so that a new one takes their place; a line for each."""
    done = []
    for generation, line in list(damaged_generations(catalog, store, dim)):
        catalog.history.forget_generation(generation.number)
        done.append(f"{line.partition(';')[0]}, made again")
    return done
