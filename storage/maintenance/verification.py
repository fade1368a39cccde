"""Verify a store: every row against its checksum, the batches against the rows, the index files against both."""

from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import numpy as np

from storage.catalog.batch import Batch, Generation
from storage.catalog.catalog import Catalog
from storage.catalog.chain import RowsByBatch
from storage.catalog.pages import BatchState
from storage.catalog.row import VECTOR_DTYPE
from storage.catalog.source_rows import SourceRows
from storage.catalog.thumbnail_rows import ThumbnailRows
from storage.columns.columns import Columns
from storage.columns.comparison import different_rows
from storage.errors import StoreCorrupt
from storage.files import generations
from storage.maintenance.embedding_check import embedding_problem
from storage.memory import snapshot
from storage.memory.snapshot import find_ascending
from storage.nearest.faiss_flat import FaissFlat

#: So many missing rows can be repaired even if they outnumber the rows that exist.
_MISSING_ACCEPTED = 1000


def problems(state: BatchState, store: Path | None, dim: int) -> Iterator[str]:
    """Yield one line for each problem; none when the store is intact.

    What is written while it is read is not verified, and is no problem. Raise StoreChanged as `state` does.
    """
    try:
        batches_match = yield from _row_problems(state, dim)
        with state.reading() as catalog:
            embedding, unusable = catalog.embedding(), catalog.history.unusable_generations()
            catalog.require_embedding_of_rows()
        if unusable:
            yield f"index files: {unusable:,} records that are damaged or of another history"
        yield from (line for _, line in damaged_generations(state, store, dim))
        if (problem := embedding_problem(embedding)) is not None:
            yield problem
        if batches_match:
            snapshot.load(state, store, dim)
    except StoreCorrupt as error:
        yield str(error)


def recorded_batches(state: BatchState) -> list[Batch]:
    """Return the record of every batch from 0 on; raise StoreCorrupt when one is missing."""
    with state.reading() as catalog:
        batches = catalog.history.batches(-1, state.batch.number)
    if [batch.number for batch in batches] != list(range(max(len(batches), 1))):
        raise StoreCorrupt(
            f"expected a record of every batch from 0 on, got {len(batches)} with some missing: restore the store "
            "from a backup"
        )
    return batches


def missing_ids(state: BatchState, recomputed: Sequence[Batch]) -> list[int]:
    """Return the ids, ascending, that were assigned but have no row; `recomputed` are the batches of the rows.

    Raise StoreCorrupt when most rows are missing.
    """
    last = state.batch
    if recomputed[-1].chain == last.chain:
        return []
    ids = {id for page in state.scan(lambda catalog, page: catalog.items.deletions(page)) for id, _ in page}
    if last.next_id > 2 * len(ids) + _MISSING_ACCEPTED:
        raise StoreCorrupt(
            f"expected the rows of {last.next_id} items that were ever stored, got {len(ids)}: restore the store from "
            "a backup"
        )
    return [id for id in range(last.next_id) if id not in ids]


def damaged_thumbnails(state: BatchState) -> Iterator[int]:
    """Yield the items whose thumbnails do not match their checksums, ascending."""
    return _damaged_values(state, lambda catalog: catalog.thumbnails)


def damaged_sources(state: BatchState) -> Iterator[int]:
    """Yield the items whose sources do not match their checksums, ascending."""
    return _damaged_values(state, lambda catalog: catalog.sources)


def _damaged_values(state: BatchState, values: Callable[[Catalog], ThumbnailRows | SourceRows]) -> Iterator[int]:
    after = -(2**63)
    while True:
        with state.reading() as catalog:
            page = values(catalog).page(after)
        if not page:
            return
        yield from (item for item, intact in page if not intact)
        if page[-1][0] <= after:
            raise StoreCorrupt(
                f"expected values of items in the order of their ids, got item {page[-1][0]} after item {after}: "
                "restore the store from a backup"
            )
        after = page[-1][0]


def _row_problems(state: BatchState, dim: int) -> Generator[str, None, bool]:
    """Yield one line for each problem of rows and batches; return whether the batches match the rows."""
    # Not a `ChainCheck`, which stops at the first mismatch and needs the rows of a batch side by side: here every
    # problem is named, so the ids and checksums of all rows are held at once.
    rows = RowsByBatch()
    for page in state.row_pages():
        for row, deleted_in in page.history():
            rows.add(row, deleted_in)
        for row, deleted_in in page.rows:
            if (problem := row.problem(dim, deleted=deleted_in is not None)) is not None:
                yield problem
    recorded = recorded_batches(state)
    recomputed = rows.batches(len(recorded))
    for id in missing_ids(state, recomputed):
        yield f"item {id}: its row is missing"
    for id in damaged_thumbnails(state):
        yield f"thumbnail of item {id}: it does not match its checksum"
    for id in damaged_sources(state):
        yield f"source of item {id}: it does not match its checksum"
    with state.reading() as catalog:
        jobs = catalog.jobs.damaged()
    yield from (f"{name}: the record is damaged" for name in jobs)
    for batch, record in zip(recomputed, recorded, strict=True):
        if batch != record:
            yield f"batch {record.number}: its rows are not those that were acknowledged"
            return False
    if not rows.ids_are_dense:
        yield "items: their ids were not assigned one after the other; restore the store from a backup"
    return rows.ids_are_dense


def damaged_generations(state: BatchState, store: Path | None, dim: int) -> Iterator[tuple[Generation, str]]:
    """Yield the recorded generations with a file that is missing, damaged, or differs from the rows, and a line on it.

    Those of batches after the state's are not read.
    """
    if store is None:
        return
    for generation in _generations(state):
        index = generations.read_index(generation, store, dim)
        columns = generations.read_generation_columns(generation, store)
        index_path, *columns_paths = generations.paths_of(generation, store)
        damaged = [] if index is not None else [index_path]
        damaged += columns_paths if columns is None else []
        # A writer may have replaced it meanwhile, whose record goes before the files.
        if damaged and generation in _generations(state):
            yield (
                generation,
                f"index/{damaged[0].name}: missing or damaged; searching works without it, from the rows",
            )
        elif index is not None and columns is not None:
            different = _different_part(index, columns, generation, state)
            if different is not None:
                path = index_path if different == "vectors" else columns_paths[0]
                yield generation, f"index/{path.name}: its {different} are not those of the rows"


def _generations(state: BatchState) -> list[Generation]:
    with state.reading() as catalog:
        recorded = catalog.history.generations()
    return [generation for generation in recorded if generation.batch <= state.batch.number]


def _different_part(index: FaissFlat, columns: Columns, generation: Generation, state: BatchState) -> str | None:
    """Return which part of a generation does not hold the rows that were live then, "vectors" or "columns", or None.

    A row that was deleted later, or is damaged itself, is not compared.
    """
    with state.reading() as catalog:
        batch = catalog.history.batch(generation.batch)
    if batch.live != len(columns):
        return "columns"
    for page in state.row_pages(end_id=batch.next_id):
        rows = [row for row, deleted_in in page.rows if deleted_in is None and row.intact]
        positions, covered = find_ascending(columns.ids, np.array([row.id for row in rows], np.int64))
        if not covered.all():
            return "columns"
        vectors = index.vectors()[positions]
        if b"".join(row.vector for row in rows) != vectors.astype(VECTOR_DTYPE, copy=False).tobytes():
            return "vectors"
        if different_rows(columns, positions, vectors, rows):
            return "columns"
    return None
