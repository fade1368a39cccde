"""Join positions in the index to the catalog's rows, and check every row on the way out."""

import numpy as np

from storage.catalog import Catalog
from storage.errors import StoreCorrupt
from storage.exact import Distances, Positions
from storage.items import Hit, Item
from storage.rows import VECTOR_TYPE
from storage.snapshot import Snapshot


class SnapshotOutdated(Exception):
    """An answer holds an item that was deleted or replaced after the snapshot was taken."""


def hits_of(snapshot: Snapshot, catalog: Catalog, answers: list[tuple[Positions, Distances]]) -> list[list[Hit]]:
    """Return the hits of each answer, in order.

    Raise SnapshotOutdated when a row has gone in a later batch, StoreCorrupt when it is gone in none, does not match
    its checksum, or has another vector than was compared.
    """
    items = _items_at(snapshot, catalog, answers)
    return [
        [_hit(rank, items[position], distance) for rank, (position, distance) in enumerate(pairs, start=1)]
        for pairs in (zip(found.tolist(), distances.tolist(), strict=True) for found, distances in answers)
    ]


def _hit(rank: int, item: Item, distance: float) -> Hit:
    return Hit(rank, item.id, item.key, item.label, distance, item.metadata)


def _items_at(snapshot: Snapshot, catalog: Catalog, answers: list[tuple[Positions, Distances]]) -> dict[int, Item]:
    """Return the item at each position that any answer holds, each read and checked once."""
    if not answers:
        return {}
    positions = np.unique(np.concatenate([found for found, _ in answers]))
    ids = snapshot.ids[positions].tolist()
    compared = snapshot.index.vectors()
    items: dict[int, Item] = {}
    for position, id, row in zip(positions.tolist(), ids, catalog.items.by_id(ids), strict=True):
        if row is None:
            if catalog.history.last_batch() != snapshot.batch:
                raise SnapshotOutdated
            raise StoreCorrupt(f"expected item {id} in the catalog, but it is gone: run `python -m storage verify`")
        if row.verified().vector != compared[position].astype(VECTOR_TYPE, copy=False).tobytes():
            raise StoreCorrupt(
                f"expected the index to hold the vector of item {id}, but it holds another: "
                "run `python -m storage verify`"
            )
        items[position] = row.item()
    return items
