"""The commit protocol: all changes of a batch in one transaction.

A batch adds rows, turns rows into tombstones, or both; the chain hash in its record ties it to all batches before it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.catalog.batch import Batch
from storage.catalog.catalog import Catalog
from storage.catalog.chain import rows_changed
from storage.catalog.row import EncodedText, Row, bytes_of_each, encode_texts, new_row
from storage.errors import InvalidItem
from storage.types.items import AppendResult, NewItem


@dataclass(frozen=True, slots=True)
class Appended:
    """The batch that `append` wrote, its rows and what became of the items; `batch` is `before` when nothing was."""

    before: Batch
    batch: Batch
    rows: Sequence[Row]
    result: AppendResult


def encode_batch(items: Sequence[NewItem]) -> list[EncodedText]:
    """Return the items' texts as they are stored; raise InvalidItem when one cannot be stored or two share a key."""
    texts = encode_texts(items)
    if len({item.key for item in items}) != len(items):
        (repeated, _), *_ = Counter(item.key for item in items).most_common(1)
        raise InvalidItem(f"expected each key once in a batch, got {repeated!r} twice")
    return texts


def append(
    catalog: Catalog,
    items: Sequence[NewItem],
    texts: Sequence[EncodedText],
    vectors: NDArray[np.float32],
    delete: Sequence[int] = (),
) -> Appended:
    """Write checked items with their (n, dim) float32 vectors as a batch; an item replaces the live item of its key.

    The same batch deletes the live items among the ids in `delete`.
    """
    last = _last_batch(catalog)
    existing = catalog.items.by_key([item.key for item in items])
    replaced = sorted(row.verified().id for row in existing if row is not None)
    rows = [
        new_row(last.next_id + offset, last.number + 1, text, item.content, vector)
        for offset, (item, text, vector) in enumerate(zip(items, texts, bytes_of_each(vectors), strict=True))
    ]
    others = {row.id for row in catalog.items.by_id(delete) if row is not None} - set(replaced) if delete else set()
    deleted = sorted(others.union(replaced))
    if not rows and not deleted:
        return Appended(last, last, (), AppendResult((), 0))
    batch = last.next([(row.id, row.checksum) for row in rows], deleted)
    catalog.history.write_batch(batch)
    catalog.items.delete(deleted, batch.number)
    catalog.items.write(rows)
    catalog.thumbnails.write(
        {row.id: item.thumbnail for row, item in zip(rows, items, strict=True) if item.thumbnail is not None}
    )
    catalog.sources.add({row.id: item.source for row, item in zip(rows, items, strict=True) if item.source is not None})
    result = AppendResult(tuple(row.id for row in rows), len(replaced), len(others))
    return Appended(last, batch, rows, result)


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
