"""Verify a store: every row against its checksum, the batches against the rows, the index files against both."""

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from storage.catalog.batch import Batch, Generation
from storage.catalog.catalog import Catalog
from storage.catalog.chain import RowsByBatch
from storage.catalog.row import VECTOR_DTYPE, Row
from storage.errors import StoreCorrupt
from storage.files import generations
from storage.memory import snapshot

#: So many missing rows can be repaired even if they outnumber the rows that exist.
_MISSING_ACCEPTED = 1000


def problems(catalog: Catalog, store: Path | None, dim: int) -> Iterator[str]:
    """Yield one line for each problem; none when the store is intact."""
    try:
        batches_match = yield from _row_problems(catalog, dim)
        yield from (line for _, line in damaged_generations(catalog, store, dim))
        catalog.embedding()
        catalog.require_embedding_of_rows()
        if batches_match:
            snapshot.load(catalog, store, dim)
    except StoreCorrupt as error:
        yield str(error)


def is_damaged(row: Row, deleted_in: object, dim: int) -> bool:
    """Return whether a row does not match its checksum, or has a vector of another size."""
    # A compacted row has no vector any more; the chain still covers its checksum.
    compacted = deleted_in is not None and not row.vector
    return not compacted and not (row.intact and len(row.vector) == dim * VECTOR_DTYPE.itemsize)


def recorded_batches(catalog: Catalog) -> list[Batch]:
    """Return the record of every batch from 0 on; raise StoreCorrupt when one is missing."""
    batches = catalog.history.batches()
    if [batch.number for batch in batches] != list(range(max(len(batches), 1))):
        raise StoreCorrupt(
            f"expected a record of every batch from 0 on, got {len(batches)} with some missing: restore the store "
            "from a backup"
        )
    return batches


def missing_ids(catalog: Catalog, recomputed: Sequence[Batch]) -> list[int]:
    """Return the ids, ascending, that were assigned but have no row; `recomputed` are the batches of the rows.

    Raise StoreCorrupt when most rows are missing.
    """
    last = catalog.history.last_batch()
    if recomputed[-1].chain == last.chain:
        return []
    ids = {row.id for row, _ in catalog.items.all_rows()}
    if last.next_id > 2 * len(ids) + _MISSING_ACCEPTED:
        raise StoreCorrupt(
            f"expected the rows of {last.next_id} items that were ever stored, got {len(ids)}: restore the store from "
            "a backup"
        )
    return [id for id in range(last.next_id) if id not in ids]


def _row_problems(catalog: Catalog, dim: int) -> Generator[str, None, bool]:
    """Yield one line for each problem of rows and batches; return whether the batches match the rows."""
    # Not a `ChainCheck`, which stops at the first mismatch and needs the rows of a batch side by side: here every
    # problem is named, so the ids and checksums of all rows are held at once.
    rows = RowsByBatch()
    for row, deleted_in in catalog.items.all_rows():
        rows.add(row, deleted_in)
        if is_damaged(row, deleted_in, dim):
            yield f"item {row.id}: its fields do not match its checksum"
    recorded = recorded_batches(catalog)
    recomputed = rows.batches(len(recorded))
    for id in missing_ids(catalog, recomputed):
        yield f"item {id}: its row is missing"
    for id in catalog.thumbnails.damaged():
        yield f"thumbnail of item {id}: it does not match its checksum"
    for id in catalog.sources.damaged():
        yield f"source of item {id}: it does not match its checksum"
    for batch, record in zip(recomputed, recorded, strict=True):
        if batch != record:
            yield f"batch {record.number}: its rows are not those that were acknowledged"
            return False
    return True


def damaged_generations(catalog: Catalog, store: Path | None, dim: int) -> Iterator[tuple[Generation, str]]:
    """Yield the recorded index files that are missing, damaged, or differ from the rows, with a line that says so."""
    if store is None:
        return
    for generation in catalog.history.generations():
        name = generations.path_of(generation, store).name
        index = generations.read(generation, store, dim)
        if index is None:
            yield generation, f"index/{name}: missing or damaged; searching works without it, from the rows"
            continue
        live = snapshot.live_rows_after(catalog, generation.batch, len(index))
        rows = catalog.items.by_id(live.ids.tolist()) if live is not None else []
        # A row that was deleted later, or is damaged itself, is not compared.
        if live is None or any(
            row is not None and row.vector != vector.astype(VECTOR_DTYPE, copy=False).tobytes() and row.intact
            for row, vector in zip(rows, index.vectors(), strict=True)
        ):
            yield generation, f"index/{name}: its vectors are not those of the rows"
