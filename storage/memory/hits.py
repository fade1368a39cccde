"""Join positions in the index to the catalog's rows, and check every row on the way out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from storage.catalog.catalog import Catalog
from storage.catalog.row import VECTOR_DTYPE, Row
from storage.errors import StoreCorrupt
from storage.memory.gc_pause import gc_paused
from storage.memory.snapshot import Snapshot
from storage.nearest.exact import Answer, Positions
from storage.types.items import Hit, Item


class SnapshotOutdated(Exception):
    """An answer holds an item that was deleted or replaced after the snapshot was taken."""


def hits_of(snapshot: Snapshot, catalog: Catalog, answer: Answer) -> list[Hit]:
    """Return the hits of one answer, in order.

    Raise SnapshotOutdated when an item was deleted in a later batch. Raise StoreCorrupt when a row is gone that no
    batch deleted, does not match its checksum, or has another vector than was compared.
    """
    positions, distances = answer
    rows = zip(_rows_at(snapshot, catalog, positions), distances.tolist(), strict=True)
    return [row.hit(rank, distance) for rank, (row, distance) in enumerate(rows, start=1)]


def hits_of_batch(
    snapshot: Snapshot, catalog: Catalog, answers: Sequence[Answer], items: dict[int, Item]
) -> list[list[Hit]]:
    """Return the hits of many answers as `hits_of` does; each item is read once.

    `items` is a cache of items by position; those that are read are added to it.
    """
    with gc_paused():
        positions = np.unique(np.concatenate([answer[0] for answer in answers])).tolist() if answers else []
        missing = np.array([position for position in positions if position not in items], np.int64)
        rows = _rows_at(snapshot, catalog, missing)
        items |= zip(missing.tolist(), (row.item() for row in rows), strict=True)
        return [
            [_hit(rank, items[position], distance) for rank, (position, distance) in enumerate(pairs, start=1)]
            for pairs in (zip(positions.tolist(), distances.tolist(), strict=True) for positions, distances in answers)
        ]


def require_intact_rows(snapshot: Snapshot, catalog: Catalog) -> None:
    """Raise StoreCorrupt unless the live rows are those of the chain, intact, with the vectors of the snapshot.

    The snapshot must be of the newest batch. Every row is checked as a hit's row is.
    """
    vectors = snapshot.index.vectors()
    count = 0
    for row in catalog.checked_rows():
        # Surplus rows are counted here and refused at the end.
        if count < len(vectors):
            _require_vectors([row], vectors[count : count + 1])
        count += 1
    snapshot.batch.require_live(count)


def _hit(rank: int, item: Item, distance: float) -> Hit:
    return Hit(rank, item.id, item.key, item.label, distance, item.metadata)


def _rows_at(snapshot: Snapshot, catalog: Catalog, positions: Positions) -> list[Row]:
    """Return the rows at these positions, each read and checked."""
    if not len(positions):
        return []
    ids = snapshot.ids[positions].tolist()
    rows: list[Row] = []
    for id, row in zip(ids, catalog.items.by_id(ids), strict=True):
        if row is None:
            if catalog.history.last_batch() != snapshot.batch:
                raise SnapshotOutdated
            raise StoreCorrupt(f"expected item {id} in the catalog, but it is gone: run `python -m storage verify`")
        rows.append(row.verified())
    _require_vectors(rows, snapshot.index.vectors()[positions])
    return rows


def _require_vectors(rows: Sequence[Row], vectors: NDArray[np.float32]) -> None:
    """Raise StoreCorrupt unless verified rows have the vectors that were compared, (n, dim)."""
    dim = vectors.shape[1]
    expected = vectors.astype(VECTOR_DTYPE, copy=False)
    # All at once for speed; one after the other only to name the row.
    if b"".join([row.vector_bytes(dim) for row in rows]) == expected.tobytes():
        return
    for row, vector in zip(rows, expected, strict=True):
        if row.vector != vector.tobytes():
            raise StoreCorrupt(
                f"expected the index to hold the vector of item {row.id}, but it holds another: "
                "run `python -m storage verify`"
            )
