"""Search items whose vectors are in this process's memory."""

from collections.abc import Iterable, Sequence

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.memory.hits import hits_of, hits_of_batch
from storage.memory.searchable import ExcludedIds, Queries
from storage.memory.snapshot import Snapshot
from storage.nearest.exact import Answer, Positions, nearest_in_parts
from storage.nearest.polling_lock import PollingLock
from storage.nearest.range_search import range_search
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
        positions = [self._snapshot.positions(ids) for ids in excluded]
        if len(queries) != 1:
            return self._search_batch(queries, query, positions)
        if not self._snapshot.index.fits_cache:
            return self._search_one(queries, query, positions)
        with self._lock:
            return self._search_one(queries, query, positions)

    def _search_one(self, queries: Queries, query: Query, excluded: Sequence[Positions]) -> list[list[Hit]]:
        ((answer,),) = self._answers(queries, query, excluded)
        with self._database.reading() as connection:
            return [hits_of(self._snapshot, Catalog(connection), answer)]

    def _search_batch(self, queries: Queries, query: Query, excluded: Sequence[Positions]) -> list[list[Hit]]:
        """Return the hits of a batch; the rows of one part are read while the next parts are searched."""
        hits: list[list[Hit]] = []
        items: dict[int, Item] = {}
        for answers in self._answers(queries, query, excluded):
            with self._database.reading() as connection:
                hits += hits_of_batch(self._snapshot, Catalog(connection), answers, items)
        return hits

    def _answers(self, queries: Queries, query: Query, excluded: Sequence[Positions]) -> Iterable[list[Answer]]:
        """Return the answers of a batch in parts."""
        if query.radius is None:
            return nearest_in_parts(self._snapshot.index, queries, query.k, excluded)
        answers = range_search(self._snapshot.index, queries, query.radius, excluded)
        return [[(positions[: query.k], distances[: query.k]) for positions, distances in answers]]
