"""Join positions in the index to the catalog's rows, and check every row on the way out."""

from collections.abc import Container, Sequence

import numpy as np
from numpy.typing import NDArray

from storage.catalog.catalog import Catalog
from storage.catalog.row import VECTOR_DTYPE, Row
from storage.errors import StoreCorrupt
from storage.memory.gc_pause import gc_paused
from storage.memory.snapshot import Snapshot
from storage.nearest.exact import Distances, Positions
from storage.types.items import Hit, Item


class SnapshotOutdated(Exception):
    """An answer holds an item that was deleted or replaced after the snapshot was taken."""


def hits_of(snapshot: Snapshot, catalog: Catalog, positions: Positions, distances: Distances) -> list[Hit]:
    """Return the hits of one answer, in order.

    Raise SnapshotOutdated when a row has gone in a later batch, StoreCorrupt when it is gone in none, does not match
    its checksum, or has another vector than was compared.
    """
    rows = _rows_at(snapshot, catalog, positions)
    return [
        row.hit(rank, distance) for rank, (row, distance) in enumerate(zip(rows, distances.tolist(), strict=True), 1)
    ]


def hits_of_many(
    snapshot: Snapshot, catalog: Catalog, answers: list[tuple[Positions, Distances]], known: dict[int, Item]
) -> list[list[Hit]]:
    """Return the hits of each of many answers, in order, as `hits_of` does.

    The items at positions in `known` are not read again; those that are read join them.
    """
    with gc_paused():
        unknown = _unknown(answers, known)
        items = [row.item() for row in _rows_at(snapshot, catalog, unknown)]
        known |= zip(unknown.tolist(), items, strict=True)
        return [
            [_hit(rank, known[position], distance) for rank, (position, distance) in enumerate(pairs, start=1)]
            for pairs in (zip(found.tolist(), distances.tolist(), strict=True) for found, distances in answers)
        ]


def _unknown(answers: list[tuple[Positions, Distances]], known: Container[int]) -> Positions:
    """Return each position that an answer holds and that is not known, once, ascending."""
    if not answers:
        return np.empty(0, np.int64)
    positions = np.unique(np.concatenate([found for found, _ in answers]))
    return np.array([position for position in positions.tolist() if position not in known], np.int64)


def require_rows(snapshot: Snapshot, catalog: Catalog) -> None:
    """Raise StoreCorrupt unless the live rows are those that were acknowledged, with the vectors of the snapshot.

    It is of the newest batch; then every row of it is checked as if it were in an answer.
    """
    vectors = snapshot.index.vectors()
    count = 0
    for row in catalog.checked_rows():
        # The proof counts the rows at its end.
        if count < len(vectors):
            _require_compared([row], vectors[count : count + 1])
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
    _require_compared(rows, snapshot.index.vectors()[positions])
    return rows


def _require_compared(rows: Sequence[Row], vectors: NDArray[np.float32]) -> None:
    """Raise StoreCorrupt unless verified rows' vectors are those that were compared, (n, dim)."""
    dim = vectors.shape[1]
    expected = vectors.astype(VECTOR_DTYPE, copy=False)
    # All at once, since many are compared; one by one only to name the row.
    if b"".join([row.vector_bytes(dim) for row in rows]) == expected.tobytes():
        return
    for row, vector in zip(rows, expected, strict=True):
        if row.vector != vector.tobytes():
            raise StoreCorrupt(
                f"expected the index to hold the vector of item {row.id}, but it holds another: "
                "run `python -m storage verify`"
            )
