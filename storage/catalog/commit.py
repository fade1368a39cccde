"""The commit protocol: what one batch changes, all of it in one transaction.

A batch adds rows, turns rows into tombstones, or both; its record ties it to all batches before it by the chain hash.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from storage.catalog.catalog import Catalog
from storage.catalog.chain import last_batch
from storage.catalog.checksum import next_chain
from storage.catalog.rows import Batch, Row, Texts, new_row, texts_of
from storage.errors import InvalidItem
from storage.types.items import Appended, NewItem


def texts_of_batch(items: Sequence[NewItem]) -> list[Texts]:
    """Return the items' text as it is stored; raise InvalidItem when one cannot be stored or two share a key."""
    texts = [texts_of(item) for item in items]
    if len({item.key for item in items}) != len(items):
        (repeated, _), *_ = Counter(item.key for item in items).most_common(1)
        raise InvalidItem(f"expected each key once in a batch, got {repeated!r} twice")
    return texts


def append(
    catalog: Catalog, items: Sequence[NewItem], texts: Sequence[Texts], vectors: NDArray[np.float32]
) -> Appended:
    """Write checked items with their (n, dim) float32 vectors as a batch; an item replaces the one with its key."""
    last = last_batch(catalog)
    number = last.number + 1
    held = catalog.items.by_key([item.key for item in items])
    replaced = sorted(row.verified().id for row in held if row is not None)
    new = [
        new_row(last.next_id + offset, number, text, item.content, vector)
        for offset, (item, text, vector) in enumerate(zip(items, texts, vectors, strict=True))
    ]
    catalog.history.write_batch(_next(last, new, replaced))
    catalog.items.bury(replaced, number)
    catalog.items.write(new)
    catalog.thumbnails.write(
        {row.id: item.thumbnail for row, item in zip(new, items, strict=True) if item.thumbnail is not None}
    )
    return Appended(tuple(row.id for row in new), len(replaced))


def bury(catalog: Catalog, ids: Sequence[int]) -> None:
    """Turn live items, ids ascending, into tombstones as a batch; none makes no batch."""
    if ids:
        batch = _next(last_batch(catalog), [], ids)
        catalog.history.write_batch(batch)
        catalog.items.bury(ids, batch.number)


def _next(last: Batch, new: Sequence[Row], buried: Sequence[int]) -> Batch:
    """Return the record of the batch that adds and buries these."""
    chain = next_chain(last.chain, ((row.id, row.checksum) for row in new), buried)
    return Batch(last.number + 1, last.live + len(new) - len(buried), last.next_id + len(new), chain)
