"""Prove a store whole: every row against its checksum, the chain against the rows, the index against both."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from storage import generations, snapshot
from storage.catalog import Catalog
from storage.checksum import CHAIN_START, next_chain
from storage.errors import StoreCorrupt


def problems(catalog: Catalog, store: Path, dim: int) -> Iterator[str]:
    """Yield a line for each thing that is wrong; nothing when the store is whole."""
    yield from _rows_and_chain(catalog, dim)
    yield from _generation_files(catalog, store, dim)
    try:
        catalog.embedding()
        snapshot.load(catalog, store, dim)
    except StoreCorrupt as error:
        yield str(error)


def _rows_and_chain(catalog: Catalog, dim: int) -> Iterator[str]:
    """Check each row's checksum and vector, then compute the chain and the counts again from the rows."""
    added: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    deleted: dict[int, list[int]] = defaultdict(list)
    for row, deleted_in in catalog.walk_history():
        added[row.batch].append((row.id, row.checksum))
        if deleted_in is not None:
            deleted[deleted_in].append(row.id)
        if deleted_in is not None and not row.vector:
            continue  # Compacted: the chain still answers for its checksum.
        if row.computed_checksum() != row.checksum:
            yield f"item {row.id}: its fields do not match its checksum"
        elif len(row.vector) != dim * 4:
            yield f"item {row.id}: its vector has {len(row.vector) // 4} dimensions instead of {dim}"
    chain, live, next_id = CHAIN_START, 0, 0
    known = catalog.batches()
    for batch in known[1:]:
        chain = next_chain(chain, added[batch.number], deleted[batch.number])
        live += len(added[batch.number]) - len(deleted[batch.number])
        next_id += len(added[batch.number])
        if (chain, live, next_id) != (batch.chain, batch.live, batch.next_id):
            yield f"batch {batch.number}: its rows are not those that were acknowledged"
            return
    strays = (added.keys() | deleted.keys()) - {batch.number for batch in known[1:]}
    yield from (f"batch {number}: it has rows but was never acknowledged" for number in sorted(strays))


def _generation_files(catalog: Catalog, store: Path, dim: int) -> Iterator[str]:
    """Check each recorded index file, byte by byte and then against the rows."""
    for generation in catalog.generations():
        name = generations.path_of(generation, store).name
        index = generations.read(generation, store, dim)
        if index is None:
            yield f"index/{name}: missing or damaged; searching works without it, from the rows"
            continue
        ids, _ = catalog.live_ids_at(generation.batch)
        vectors = index.vectors()
        differs = len(ids) != len(index) or any(
            row is not None and row.array().tobytes() != vector.tobytes()
            for row, vector in zip(catalog.rows(ids.tolist()), vectors, strict=True)
        )
        if differs:
            yield f"index/{name}: its vectors are not those of the rows"
