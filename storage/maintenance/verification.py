"""Prove a store whole: every row against its checksum, the chain against the rows, the index against both."""

from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from storage.catalog.catalog import Catalog
from storage.catalog.checksum import CHAIN_START, next_chain
from storage.catalog.rows import VECTOR_TYPE, Batch, Generation, Row
from storage.errors import StoreCorrupt
from storage.files import generations
from storage.memory import snapshot

#: More rows than are left may be lost in a store as small as this.
MANY = 1000


def problems(catalog: Catalog, store: Path | None, dim: int) -> Iterator[str]:
    """Yield a line for each thing that is wrong; nothing when the store is whole."""
    try:
        agree = yield from _rows_and_chain(catalog, dim)
        yield from (line for _, line in damaged_generations(catalog, store, dim))
        catalog.embedding()
        if agree:
            snapshot.load(catalog, store, dim)
    except StoreCorrupt as error:
        yield str(error)


def damaged_rows(catalog: Catalog, dim: int) -> Iterator[Row]:
    """Walk the rows that do not match their checksums or have vectors of another size."""
    for row, deleted_in in catalog.items.history():
        # A compacted row has no vector any more; the chain still answers for its checksum.
        compacted = deleted_in is not None and not row.vector
        if not compacted and not (row.whole and len(row.vector) == dim * VECTOR_TYPE.itemsize):
            yield row


def acknowledged_batches(catalog: Catalog) -> list[Batch]:
    """Return the record of every batch from 0 on; raise StoreCorrupt when one is gone."""
    batches = catalog.history.batches()
    if [batch.number for batch in batches] != list(range(max(len(batches), 1))):
        raise StoreCorrupt(
            f"expected a record of every batch from 0 on, got {len(batches)} with some missing: restore the store "
            "from a backup"
        )
    return batches


def batches_of_rows(catalog: Catalog) -> list[Batch]:
    """Return every batch as its rows tell it: chain, live rows and next id, computed from the start."""
    added: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    deleted: dict[object, list[int]] = defaultdict(list)
    for row, deleted_in in catalog.items.history():
        # Damage can change a checksum's type too.
        added[row.batch].append((row.id, row.checksum if isinstance(row.checksum, bytes) else b""))
        if deleted_in is not None:
            deleted[deleted_in].append(row.id)
    told = [Batch(0, 0, 0, CHAIN_START)]
    for known in acknowledged_batches(catalog)[1:]:
        last, number = told[-1], known.number
        told.append(
            Batch(
                number,
                last.live + len(added[number]) - len(deleted[number]),
                last.next_id + len(added[number]),
                next_chain(last.chain, added[number], deleted[number]),
            )
        )
    return told


def lost_ids(catalog: Catalog, told: Sequence[Batch]) -> list[int]:
    """Return the ids, ascending, that were given out and have no row any more, when the rows tell these batches.

    Raise StoreCorrupt when most rows are gone.
    """
    last = catalog.history.last_batch()
    if told[-1].chain == last.chain:
        return []
    kept = {row.id for row, _ in catalog.items.history()}
    if last.next_id > 2 * len(kept) + MANY:
        raise StoreCorrupt(
            f"expected the rows of {last.next_id} items that were ever stored, got {len(kept)}: restore the store from "
            "a backup"
        )
    return [id for id in range(last.next_id) if id not in kept]


def _rows_and_chain(catalog: Catalog, dim: int) -> Generator[str, None, bool]:
    """Yield what is wrong with rows and batches; return whether the two agree."""
    for row in damaged_rows(catalog, dim):
        yield f"item {row.id}: its fields do not match its checksum"
    told = batches_of_rows(catalog)
    for id in lost_ids(catalog, told):
        yield f"item {id}: its row is gone"
    for id in catalog.thumbnails.damaged():
        yield f"thumbnail of item {id}: it does not match its checksum"
    for batch, acknowledged in zip(told, acknowledged_batches(catalog), strict=True):
        if batch != acknowledged:
            yield f"batch {acknowledged.number}: its rows are not those that were acknowledged"
            return False
    return True


def damaged_generations(catalog: Catalog, store: Path | None, dim: int) -> Iterator[tuple[Generation, str]]:
    """Walk the recorded index files that are not, byte for byte and then row by row, what they should be."""
    if store is None:
        return
    for generation in catalog.history.generations():
        name = generations.path_of(generation, store).name
        index = generations.read(generation, store, dim)
        if index is None:
            yield generation, f"index/{name}: missing or damaged; searching works without it, from the rows"
            continue
        lived = snapshot.live_rows_after(catalog, generation.batch, len(index))
        rows = catalog.items.by_id(lived.ids.tolist()) if lived is not None else []
        # A row that was deleted since, or is damaged itself, is not compared; another must have the vector there.
        if lived is None or any(
            row is not None and row.vector != vector.astype(VECTOR_TYPE, copy=False).tobytes() and row.whole
            for row, vector in zip(rows, index.vectors(), strict=True)
        ):
            yield generation, f"index/{name}: its vectors are not those of the rows"
