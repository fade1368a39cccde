"""What an explorer shows of a store: items, their exact neighbours, and findings about them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from search.curation.label_issues import DEFAULT_VOTERS
from search.errors import PageUnusable
from search.figures.stratified_sample import stratified_sample
from search.selected_ids import selected_ids
from storage import Item, Neighbours, Store, Where
from storage.errors import UnknownItem
from storage.types.query import Query

#: A larger store is represented by a sample: the page would take many seconds to open, and show no more.
MAX_ITEMS = 70_000

#: Queries of one search.
_BATCH = 1024

#: How often a store is read again, of which items are deleted meanwhile.
_ATTEMPTS = 3


@dataclass(frozen=True, eq=False)
class Collection:
    """The items of a page in id order; their vectors, (n, dim) float32; their neighbours, nearest first.

    `neighbours` are ids, (n, k) int64, and `distances` (n, k) float64, Euclidean, not squared. `outside` has those
    neighbours by id that are not on the page. `voters` has the neighbours in the whole store that vote on labels, None
    with a filter. `total` counts the store's items, `selected` those that fulfil the filter.
    """

    items: tuple[Item, ...]
    vectors: NDArray[np.float32]
    neighbours: NDArray[np.int64]
    distances: NDArray[np.float64]
    outside: dict[int, Item]
    total: int
    selected: int
    voters: Neighbours | None

    @property
    def ids(self) -> NDArray[np.int64]:
        """Return the items' ids, (n,) int64 ascending."""
        return np.array([item.id for item in self.items], np.int64)


def collect(store: Store, k: int, where: Where | None = None, max_items: int = MAX_ITEMS) -> Collection:
    """Return a store's items that fulfil a filter, or a sample of them, with k neighbours each, among those too.

    Raise PageUnusable when there are none, InvalidQuery, or UnknownItem when items are deleted again and again.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _collect(store, k, where, max_items)
        except UnknownItem:
            if attempt == _ATTEMPTS - 1:
                raise
            store.refresh()
    raise AssertionError


def _collect(store: Store, k: int, where: Where | None, max_items: int) -> Collection:
    if where:
        ids = selected_ids(store, where)
        labels: Sequence[str | None] = [item.label for item in store.items(ids.tolist())]
        total = len(store)
    else:
        # Once for both: what takes long does not depend on their number.
        found = store.neighbours_of_all(max(k, DEFAULT_VOTERS))
        ids, labels, total = found.ids, found.labels.tolist(), len(found.ids)
    if not len(ids):
        raise PageUnusable(f"expected items to show, got none in {store.location}: ingest some, or use another filter")
    sample = stratified_sample(labels, max_items)
    if where:
        neighbours, distances = _neighbours_where(store, ids[sample], min(k, len(ids) - 1), where)
    else:
        neighbours, distances = found.neighbours[sample, :k], found.distances[sample, :k]
    on_page = ids[sample]
    others = np.setdiff1d(neighbours, on_page).tolist()
    voters = None if where else _nearest_of(found, DEFAULT_VOTERS)
    items = tuple(store.items(on_page.tolist()))
    outside = {item.id: item for item in store.items(others)}
    return Collection(items, _vectors(store, on_page), neighbours, distances, outside, total, len(ids), voters)


def _nearest_of(found: Neighbours, k: int) -> Neighbours:
    """Return the k nearest of neighbours."""
    return replace(found, neighbours=found.neighbours[:, :k], distances=found.distances[:, :k])


def _neighbours_where(
    store: Store, ids: NDArray[np.int64], k: int, where: Where
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if not k:
        return np.empty((len(ids), 0), np.int64), np.empty((len(ids), 0))
    query = Query.checked(k, where=where)
    answers = [
        store.search_by_id(ids[start : start + _BATCH].tolist(), query)[1] for start in range(0, len(ids), _BATCH)
    ]
    if any((hits.counts != k).any() for hits in answers):
        raise UnknownItem("expected as many items as before, got fewer: items were deleted meanwhile, run it again")
    return (
        np.concatenate([hits.ids for hits in answers]).reshape(-1, k),
        np.concatenate([hits.distances for hits in answers]).reshape(-1, k),
    )


def _vectors(store: Store, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the vectors of items, (n, dim) float32."""
    all_ids, vectors = store.all_vectors()
    positions = np.searchsorted(all_ids, ids)
    if len(all_ids) and np.array_equal(all_ids[np.minimum(positions, len(all_ids) - 1)], ids):
        return vectors[positions]
    return store.vectors(ids.tolist())
