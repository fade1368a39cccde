"""Publish the index: write what the rows say as a generation file, record it, then let older ones go."""

from collections.abc import Sequence
from pathlib import Path

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.rows import Generation
from storage.files import generations
from storage.memory.snapshot import Snapshot, load

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
        covers_all = bool(known) and known[0].batch == catalog.history.last_batch().number
        whole = covers_all and generations.read(known[0], store, dim) is not None
        loaded = None if whole else load(catalog, store, dim)
    if loaded is None:
        # What a publication that was stopped had still to do, or what was lost since.
        _finish(known, store)
        return None
    generation = generations.write(loaded.index, number, loaded.batch, store)
    kept = [generation, *known][:KEPT]
    with database.writing() as connection:
        history = Catalog(connection).history
        history.write_generation(generation)
        history.forget_generations(before=kept[-1].number)
    _finish(kept, store)
    return loaded


def _finish(kept: Sequence[Generation], store: Path) -> None:
    """Give the newest generation the fixed name, and let those go that are not kept."""
    generations.publish(kept[0], store)
    generations.remove_all_but(kept, store)
