"""Search items whose vectors are in this process's memory."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from storage.catalog.database import Database
from storage.memory.hits import hits_of, hits_of_batch, item_and_hits, items_of
from storage.memory.searchable import ExcludedIds, Queries
from storage.memory.snapshot import Snapshot
from storage.nearest.answers import Answer, Answers
from storage.nearest.exact import nearest_in_parts, nearest_to
from storage.nearest.polling_lock import PollingLock
from storage.nearest.range_search import range_search_in_parts
from storage.types.items import Hit, Item
from storage.types.query import Query


class MemorySearch:
    """A `Searchable` of a snapshot, which has only items that fulfil the query's conditions.

    `search` raises SnapshotOutdated when an answer holds an item that was deleted after the snapshot was taken.

    Single queries of few vectors hold a lock: each is short and releases Python's own lock a dozen times, so that
    concurrent threads would spend their time waking each other.
    """

    def __init__(self, snapshot: Snapshot, database: Database, lock: PollingLock) -> None:
        self._snapshot = snapshot
        self._database = database
        self._lock = lock

    def search(self, queries: Queries, query: Query, excluded: ExcludedIds) -> list[list[Hit]]:
        """Return the hits of each query vector by Euclidean distance, then id."""
        if len(queries) != 1:
            return self._search_batch(queries, query, excluded, {})
        with self._single_search():
            answer = self._answer(queries, query, excluded[0])
            with self._database.reading() as catalog:
                return [hits_of(self._snapshot, catalog, answer)]

    def search_items(self, ids: Sequence[int], vectors: Queries, query: Query) -> list[tuple[Item, list[Hit]]]:
        """Return each of these items with its nearest others; `vectors` are theirs in a snapshot.

        Items and hits are read together, so that a query by id takes hardly longer than one by vector.
        """
        excluded = [[*query.excluded, id] for id in ids]
        if len(ids) != 1:
            with self._database.reading() as catalog:
                items = items_of(self._snapshot, catalog, ids, vectors)
            cache = dict(zip(ids, items, strict=True))
            return list(zip(items, self._search_batch(vectors, query, excluded, cache), strict=True))
        with self._single_search():
            answer = self._answer(vectors, query, excluded[0])
            with self._database.reading() as catalog:
                return [item_and_hits(self._snapshot, catalog, ids[0], vectors[0], answer)]

    def _single_search(self) -> AbstractContextManager[None]:
        return self._lock if self._snapshot.index.fits_cache else nullcontext()

    def _search_batch(
        self, queries: Queries, query: Query, excluded: ExcludedIds, items: dict[int, Item]
    ) -> list[list[Hit]]:
        """Return the hits of a batch; the rows of one part are read while the next parts are searched."""
        hits: list[list[Hit]] = []
        for answers in self._answers(queries, query, excluded):
            with self._database.reading() as catalog:
                hits += hits_of_batch(self._snapshot, catalog, answers, items)
        return hits

    def _answer(self, queries: Queries, query: Query, excluded: Sequence[int]) -> Answer:
        """Return the answer to a single query, (1, dim)."""
        if query.radius is None:
            return nearest_to(self._snapshot.index, queries[0], query.k, self._snapshot.positions(excluded))
        (answers,) = self._answers(queries, query, [excluded])
        return answers[0]

    def _answers(self, queries: Queries, query: Query, excluded: ExcludedIds) -> Iterator[Answers]:
        """Yield the answers of a batch in parts."""
        positions = self._snapshot.positions_of_each(excluded)
        if query.radius is None:
            return nearest_in_parts(self._snapshot.index, queries, query.k, positions)
        return range_search_in_parts(self._snapshot.index, queries, query.radius, positions, query.k)
