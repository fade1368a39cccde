"""The commit protocol: all changes of a batch in one transaction.

A batch adds rows, turns rows into tombstones, or both; the chain hash in its record ties it to all batches before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.catalog.batch import Batch
from storage.catalog.catalog import Catalog
from storage.catalog.chain import rows_changed
from storage.catalog.encoded_items import EncodedItems
from storage.catalog.row import Row
from storage.types.items import AppendResult, Scalar


@dataclass(frozen=True, slots=True)
class Appended:
    """The batch that `append` wrote, its rows and what became of the items; `batch` is `before` when nothing was.

    `fields` are what the rows' metadata was encoded from, if that is known, and `vectors` what they hold, (n, dim).
    """

    before: Batch
    batch: Batch
    rows: Sequence[Row]
    fields: Sequence[Mapping[str, Scalar]] | None
    vectors: NDArray[np.float32]
    result: AppendResult


def append(catalog: Catalog, items: EncodedItems, vectors: NDArray[np.float32], delete: Sequence[int] = ()) -> Appended:
    """Write items of distinct keys with their (n, dim) float32 vectors as a batch.

    An item replaces the live item of its key. The same batch deletes the live items among the ids in `delete`.
    """
    last = _last_batch(catalog)
    existing = catalog.items.with_keys([key.decode() for key in items.keys]) if last.live else []
    replaced = sorted(row.verified().id for row in existing)
    rows = items.rows(last.next_id, last.number + 1, vectors)
    others = {row.id for row in catalog.items.by_id(delete) if row is not None} - set(replaced) if delete else set()
    deleted = sorted(others.union(replaced))
    if not rows and not deleted:
        return Appended(last, last, (), None, vectors, AppendResult((), 0))
    batch = last.next([(row.id, row.checksum) for row in rows], deleted)
    catalog.history.write_batch(batch)
    catalog.items.delete(deleted, batch.number)
    catalog.items.write(rows)
    catalog.thumbnails.write({last.next_id + index: png for index, png in items.thumbnails.items()})
    catalog.sources.add({last.next_id + index: source for index, source in items.sources.items()})
    result = AppendResult(tuple(range(last.next_id, batch.next_id)), len(replaced), len(others))
    return Appended(last, batch, rows, items.fields, vectors, result)


def delete(catalog: Catalog, ids: Sequence[int]) -> None:
    """Turn live items, ids ascending, into tombstones as a batch; write no batch for no ids."""
    if ids:
        batch = _last_batch(catalog).next([], ids)
        catalog.history.write_batch(batch)
        catalog.items.delete(ids, batch.number)


def _last_batch(catalog: Catalog) -> Batch:
    """Return the newest batch; raise StoreCorrupt when its next id does not follow the newest row's."""
    last, newest = catalog.history.last_batch(), catalog.items.newest_id()
    if newest + 1 != last.next_id:
        raise rows_changed(f"item {last.next_id - 1} to be the newest, got item {newest}")
    return last
