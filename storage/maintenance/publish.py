"""Publish the rows: write the vectors and columns of the live rows to new files, record them, and remove older ones."""

from collections.abc import Sequence
from pathlib import Path

from storage.catalog.batch import Generation
from storage.catalog.database import Database
from storage.catalog.pages import read_state
from storage.files import generations
from storage.memory.snapshot import Snapshot, load
from storage.memory.unpublished import UnpublishedRows

#: Index files that are retained: the newest, and the one before it as a fallback.
RETAINED = 2


def publish(
    database: Database, store: Path, dim: int, retained: int = RETAINED, unpublished: UnpublishedRows | None = None
) -> Snapshot | None:
    """Make the newest index file cover all live rows; return its snapshot, or None when it did already.

    The `retained` newest files stay; all but the newest may hold vectors that were deleted since. Rows that are in
    `unpublished` are not read.

    The file is complete and durable before its record is committed, and the fixed name `index.faiss` changes last: a
    crash leaves the previous file in use, and at most a new file that the next publication removes.
    """
    with database.reading() as catalog:
        recorded = catalog.history.generations()
        number = catalog.history.next_generation()
        covers_all = bool(recorded) and recorded[0].batch == catalog.history.last_batch().number
    intact = covers_all and generations.read(recorded[0], store, dim) is not None
    snapshot = None if intact else read_state(database.reading, lambda state: load(state, store, dim, unpublished))
    if snapshot is None:
        # An interrupted publication may have skipped this, and the fixed name may have been lost since.
        if len(recorded) > retained:
            with database.writing() as catalog:
                catalog.history.remove_generations(before=recorded[retained - 1].number)
        _finish(recorded[:retained], store)
        return None
    generation = generations.write(snapshot.index, snapshot.columns, number, snapshot.batch, store)
    current = [generation, *recorded][:retained]
    with database.writing() as catalog:
        catalog.history.write_generation(generation)
        catalog.history.remove_generations(before=current[-1].number)
    _finish(current, store)
    return snapshot


def withdraw(database: Database, store: Path) -> None:
    """Remove all index files."""
    with database.writing() as catalog:
        catalog.history.remove_generations(before=catalog.history.next_generation())
    generations.remove_all(store)


def _finish(current: Sequence[Generation], store: Path) -> None:
    """Give the newest generation the fixed name, and remove all files but the current ones."""
    generations.link_fixed_name(current[0], store)
    generations.remove_all_but(current, store)
