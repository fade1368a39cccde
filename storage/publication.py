"""Publish the index: write what the rows say as a generation file, record it, then let older ones go."""

from pathlib import Path

from storage import generations
from storage.catalog import Catalog
from storage.database import Database
from storage.snapshot import Snapshot, load

#: How many generation files are kept: the newest, and the one before it to fall back on.
KEPT = 2


def publish(database: Database, store: Path, dim: int) -> Snapshot | None:
    """Make the newest generation cover everything stored; return what it holds, or None when it did already.

    The file is complete and durable before its record is committed, and the fixed name changes last: a crash leaves
    the generation before it in place, and at most a file that the next publication removes.
    """
    with database.reading() as connection:
        catalog = Catalog(connection)
        known = catalog.history.generations()
        number = catalog.history.next_generation()
        covered = known[0].batch if known else None
        if covered == catalog.history.last_batch().number and generations.read(known[0], store, dim) is not None:
            return None
        loaded = load(catalog, store, dim)
    generation = generations.write(loaded.index, number, loaded.batch, store)
    kept = [generation, *known][:KEPT]
    with database.writing() as connection:
        history = Catalog(connection).history
        history.write_generation(generation)
        history.forget_generations(before=kept[-1].number)
    generations.publish(generation, store)
    generations.remove_all_but(kept, store)
    return loaded
