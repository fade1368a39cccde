"""Prove a store whole: every row against its checksum, the chain against the rows, the index against both."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from storage import generations, snapshot
from storage.catalog import Catalog
from storage.checksum import CHAIN_START, next_chain
from storage.errors import StoreCorrupt
from storage.rows import VECTOR_TYPE, Batch, Generation, Row


def problems(catalog: Catalog, store: Path, dim: int) -> Iterator[str]:
    """Yield a line for each thing that is wrong; nothing when the store is whole."""
    yield from _rows_and_chain(catalog, dim)
    yield from (line for _, line in damaged_generations(catalog, store, dim))
    try:
        catalog.embedding()
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


def batches_of_rows(catalog: Catalog) -> list[Batch]:
    """Return every batch as its rows tell it: chain, live rows and next id, computed from the start."""
    added: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    deleted: dict[int, list[int]] = defaultdict(list)
    for row, deleted_in in catalog.items.history():
        added[row.batch].append((row.id, row.checksum))
        if deleted_in is not None:
            deleted[deleted_in].append(row.id)
    told = [Batch(0, 0, 0, CHAIN_START)]
    for known in catalog.history.batches()[1:]:
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


def _rows_and_chain(catalog: Catalog, dim: int) -> Iterator[str]:
    for row in damaged_rows(catalog, dim):
        yield f"item {row.id}: its fields do not match its checksum"
    for id in catalog.thumbnails.damaged():
        yield f"thumbnail of item {id}: it does not match its checksum"
    for told, acknowledged in zip(batches_of_rows(catalog), catalog.history.batches(), strict=True):
        if told != acknowledged:
            yield f"batch {acknowledged.number}: its rows are not those that were acknowledged"
            return


def damaged_generations(catalog: Catalog, store: Path, dim: int) -> Iterator[tuple[Generation, str]]:
    """Walk the recorded index files that are not, byte for byte and then row by row, what they should be."""
    for generation in catalog.history.generations():
        name = generations.path_of(generation, store).name
        index = generations.read(generation, store, dim)
        if index is None:
            yield generation, f"index/{name}: missing or damaged; searching works without it, from the rows"
            continue
        ids, _ = catalog.items.live_ids_at(generation.batch)
        rows = catalog.items.by_id(ids.tolist())
        # A row that was deleted since is not compared; one that lives must have the vector at its place.
        if len(ids) != len(index) or any(
            row is not None and row.vector != vector.astype(VECTOR_TYPE, copy=False).tobytes()
            for row, vector in zip(rows, index.vectors(), strict=True)
        ):
            yield generation, f"index/{name}: its vectors are not those of the rows"
