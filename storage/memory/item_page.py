"""A page of the items that fulfil a filter, in the order of their ids."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from storage.catalog.batch import Batch
from storage.catalog.pages import BatchState
from storage.columns.column_filter import ColumnFilter
from storage.memory.filter_fields import StoredFields, require_fields
from storage.memory.memory_search import MemorySearch
from storage.types.items import Item
from storage.types.label_counts import LabelCounts, in_order
from storage.types.query import PageRequest


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Items of one batch in the order of their ids; `total` is how many the filter selects, on all pages.

    `more` says whether others come after these; `labels` counts all by label, None unless that was wanted.
    """

    batch: Batch
    items: tuple[Item, ...]
    total: int
    more: bool
    labels: LabelCounts | None


def loaded_page(search: MemorySearch, column_filter: ColumnFilter, request: PageRequest) -> ItemPage:
    """Return a page of the items in memory, which a filter of the same columns selects; each item is checked.

    Raise UnknownField, IncomparableField, or SnapshotOutdated when an item of the page was deleted meanwhile.
    """
    columns = search.snapshot.columns
    require_fields(column_filter, len(columns), request.conditions)
    mask = column_filter.matching(request.conditions)
    first = int(columns.ids.searchsorted(request.after, side="right"))
    positions = first + np.flatnonzero(mask[first:])
    return ItemPage(
        search.snapshot.batch,
        tuple(search.items_at(positions[: request.size])),
        int(mask.sum()),
        len(positions) > request.size,
        columns.keep(mask).label_counts() if request.count_labels else None,
    )


def stored_page(state: BatchState, request: PageRequest) -> ItemPage:
    """Return what `loaded_page` does from the rows in a state: its columns are not in memory."""
    require_fields(StoredFields(state), state.batch.live, request.conditions)
    pages = state.scan(lambda catalog, page: catalog.items.ids_matching(page, request.conditions))
    ids = [id for matching in pages for id in matching]
    later = [id for id in ids if id > request.after]
    labels = None
    if request.count_labels:
        labels = in_order(Counter(item.label for item in _items(state, ids)))
    items = tuple(_items(state, later[: request.size]))
    return ItemPage(state.batch, items, len(ids), len(later) > request.size, labels)


def _items(state: BatchState, ids: Collection[int]) -> Iterator[Item]:
    """Yield the live items of these ids, in id order, each checked."""
    if ids:
        wanted = set(ids)
        for page in state.row_pages(first_id=min(wanted), end_id=max(wanted) + 1):
            yield from (row.item() for row in page.live() if row.id in wanted)
