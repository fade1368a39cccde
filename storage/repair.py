"""Make a damaged store whole again: rebuild what is derived, set aside what cannot be trusted, and name it."""

from dataclasses import replace
from pathlib import Path

from storage.catalog import Catalog
from storage.checksum import next_chain
from storage.verification import batches_of_rows, damaged_generations, damaged_rows


def repair_rows(catalog: Catalog, dim: int) -> list[str]:
    """Set damaged rows aside as deleted items, and make the batches tell what the rows do; return a line for each."""
    damaged = [row.id for row in damaged_rows(catalog, dim)]
    for id in damaged:
        catalog.set_aside(id)
    done = [f"item {id}: damaged, set aside" for id in damaged]
    for told, acknowledged in zip(batches_of_rows(catalog), catalog.batches(), strict=True):
        if told != acknowledged:
            catalog.rewrite_batch(told)
            done.append(f"batch {told.number}: its record was made to match its rows")
    buried = [row.id for row in catalog.rows(damaged) if row is not None]
    if buried:
        last = catalog.last_batch()
        chain = next_chain(last.chain, (), buried)
        catalog.write_batch(replace(last, number=last.number + 1, live=last.live - len(buried), chain=chain))
        catalog.bury(buried, last.number + 1)
    return done


def forget_damaged_generations(catalog: Catalog, store: Path, dim: int) -> list[str]:
    """Forget the index files that are not what they should be, so that a new one takes their place; a line for each."""
    done = []
    for generation, line in list(damaged_generations(catalog, store, dim)):
        catalog.forget_generation(generation.number)
        done.append(f"{line.partition(';')[0]}, made again")
    return done
