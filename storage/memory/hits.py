"""Join positions in the index to the catalog's rows, and check every row on the way out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from storage.catalog.catalog import Catalog
from storage.catalog.pages import BatchState
from storage.catalog.row import VECTOR_DTYPE, Row
from storage.errors import StoreCorrupt
from storage.memory.gc_pause import gc_paused
from storage.memory.snapshot import Snapshot
from storage.nearest.answers import Answer, Answers, Distances
from storage.types.items import Hit, Item


class SnapshotOutdated(Exception):
    """An item was deleted or replaced after the snapshot was taken."""


def hits_of(snapshot: Snapshot, catalog: Catalog, answer: Answer) -> list[Hit]:
    """Return the hits of one answer, in order.

    Raise SnapshotOutdated when an item was deleted in a later batch. Raise StoreCorrupt when a row is gone that no
    batch deleted, does not match its checksum, or has another vector than was compared.
    """
    positions, distances = answer
    ids, vectors = snapshot.ids[positions].tolist(), snapshot.index.vectors()[positions]
    return ranked_hits(_checked_rows(snapshot, catalog, ids, vectors), distances)


def item_and_hits(
    snapshot: Snapshot, catalog: Catalog, id: int, vector: NDArray[np.float32], answer: Answer
) -> tuple[Item, list[Hit]]:
    """Return the item that is the query, with its vector (dim,) as searched, and its hits as `hits_of` does."""
    positions, distances = answer
    ids = [id, *snapshot.ids[positions].tolist()]
    vectors = np.concatenate((vector[np.newaxis], snapshot.index.vectors()[positions]))
    row, *rows = _checked_rows(snapshot, catalog, ids, vectors)
    return row.item(), ranked_hits(rows, distances)


def items_of(snapshot: Snapshot, catalog: Catalog, ids: Sequence[int], vectors: NDArray[np.float32]) -> list[Item]:
    """Return the items that are queries, with their vectors (n, dim) as searched; raise as `hits_of` does."""
    return [row.item() for row in _checked_rows(snapshot, catalog, ids, vectors)]


def hits_of_batch(snapshot: Snapshot, catalog: Catalog, answers: Answers, items: dict[int, Item]) -> list[list[Hit]]:
    """Return the hits of many answers as `hits_of` does; each item is read once.

    `items` is a cache of checked items by id; those that are read are added to it.
    """
    with gc_paused():
        distinct = np.unique(answers.positions)
        new = distinct[[id not in items for id in snapshot.ids[distinct].tolist()]]
        new_ids, vectors = snapshot.ids[new].tolist(), snapshot.index.vectors()[new]
        items |= zip(new_ids, items_of(snapshot, catalog, new_ids, vectors), strict=True)
        hit_items = map(items.__getitem__, snapshot.ids[answers.positions].tolist())
        return [
            [_hit(rank, next(hit_items), distance) for rank, distance in enumerate(distances.tolist(), start=1)]
            for _, distances in answers
        ]


def require_intact_rows(snapshot: Snapshot, state: BatchState) -> None:
    """Raise StoreCorrupt unless the live rows are those of the chain, intact, with the vectors of the snapshot.

    The snapshot must be of the state's batch. Every row is checked as a hit's row is.
    """
    vectors = snapshot.index.vectors()
    count = 0
    for rows in state.checked_rows():
        # Surplus rows are counted here and refused at the end.
        compared = vectors[count : count + len(rows)]
        _require_vectors(rows[: len(compared)], compared)
        count += len(rows)
    snapshot.batch.require_live(count)


def ranked_hits(rows: Sequence[Row], distances: Distances) -> list[Hit]:
    """Return the hits of checked rows in order, with their distances, (n,), and ranks from 1."""
    pairs = zip(rows, distances.tolist(), strict=True)
    return [row.hit(rank, distance) for rank, (row, distance) in enumerate(pairs, start=1)]


def _hit(rank: int, item: Item, distance: float) -> Hit:
    return Hit(rank, item.id, item.key, item.label, distance, item.metadata)


def _checked_rows(snapshot: Snapshot, catalog: Catalog, ids: Sequence[int], vectors: NDArray[np.float32]) -> list[Row]:
    """Return the rows with these ids, each checked, also against its vector of (n, dim)."""
    if not ids:
        return []
    rows: list[Row] = []
    for id, row in zip(ids, catalog.items.by_id(ids), strict=True):
        if row is None:
            # An item that is the query may be from an older snapshot.
            if catalog.history.last_batch() != snapshot.batch or not len(snapshot.positions([id])):
                raise SnapshotOutdated
            raise StoreCorrupt(f"expected item {id} in the catalog, but it is gone: run `lookalike store verify`")
        rows.append(row.verified())
    _require_vectors(rows, vectors)
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
                "run `lookalike store verify`"
            )
