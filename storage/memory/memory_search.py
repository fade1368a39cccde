"""Search items whose vectors are in this process's memory."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from storage.catalog.database import Database
from storage.catalog.row import Row
from storage.memory.batch_hits import BatchHits
from storage.memory.hits import CheckedItems, checked_rows
from storage.memory.searchable import ExcludedIds, Queries
from storage.memory.snapshot import Snapshot
from storage.nearest.answers import Answer, Answers, Positions
from storage.nearest.exact import nearest_in_parts, nearest_to
from storage.nearest.polling_lock import PollingLock
from storage.nearest.range_search import range_search_in_parts
from storage.types.items import Item
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

    def search(self, queries: Queries, query: Query, excluded: ExcludedIds) -> BatchHits:
        """Return the hits of each query vector by Euclidean distance, then id."""
        if len(queries) != 1:
            return self._search_batch(queries, query, excluded)
        with self._single_search():
            positions, distances = self._answer(queries, query, excluded[0])
            return BatchHits.of([(self._rows(positions), distances)])

    def search_items(self, ids: Sequence[int], vectors: Queries, query: Query) -> tuple[list[Item], BatchHits]:
        """Return these items and the nearest others of each; `vectors` are theirs in a snapshot.

        The item and hits of a single query are read together, so that it takes hardly longer than one by vector.
        """
        excluded = [[*query.excluded, id] for id in ids]
        if len(ids) != 1:
            hits = self._search_batch(vectors, query, excluded)
            return [row.item() for row in checked_rows(self._snapshot, self._database.reading, ids, vectors)], hits
        with self._single_search():
            positions, distances = self._answer(vectors, query, excluded[0])
            all_ids = [*ids, *self._snapshot.ids[positions].tolist()]
            all_vectors = np.concatenate((vectors, self._snapshot.index.vectors()[positions]))
            row, *rows = checked_rows(self._snapshot, self._database.reading, all_ids, all_vectors)
            return [row.item()], BatchHits.of([(rows, distances)])

    def _rows(self, positions: Positions) -> list[Row]:
        ids, vectors = self._snapshot.ids[positions].tolist(), self._snapshot.index.vectors()[positions]
        return checked_rows(self._snapshot, self._database.reading, ids, vectors)

    def _single_search(self) -> AbstractContextManager[None]:
        return self._lock if self._snapshot.index.fits_cache else nullcontext()

    def _search_batch(self, queries: Queries, query: Query, excluded: ExcludedIds) -> BatchHits:
        """Return the hits of a batch; the rows of one part are read while the next parts are searched."""
        items, parts = CheckedItems(self._snapshot), []
        for answers in self._answers(queries, query, excluded):
            items.read(self._database.reading, answers.positions)
            parts.append(answers)
        return items.hits(Answers.joined(parts))

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
