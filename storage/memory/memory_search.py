"""Search items whose vectors are in this process's memory."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
from numpy.typing import NDArray

from storage.memory.batch_hits import BatchHits
from storage.memory.deletions import DeletionCheck, SnapshotOutdated
from storage.memory.hits import CheckedItems
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

    def __init__(self, snapshot: Snapshot, deletions: DeletionCheck, lock: PollingLock) -> None:
        self.snapshot = snapshot
        self._deletions = deletions
        self._lock = lock

    def of(self, mask: NDArray[np.bool_]) -> "MemorySearch":
        """Return a search of the items that a mask, (n,) bool, selects of all."""
        return MemorySearch(self.snapshot.of(mask), self._deletions, self._lock)

    def search(self, queries: Queries, query: Query, excluded: ExcludedIds) -> BatchHits:
        """Return the hits of each query vector by Euclidean distance, then id."""
        hits = self._search(queries, query, excluded)
        # Last of all: what is deleted before is in no answer.
        self._deletions.require_live(hits.ids)
        return hits

    def search_items(self, ids: Sequence[int], query: Query) -> tuple[list[Item], BatchHits]:
        """Return these items and the nearest others of each; raise SnapshotOutdated unless all are loaded."""
        items, hits = self._search_items(ids, query)
        self._deletions.require_live(np.concatenate((np.asarray(ids, np.int64), hits.ids)))
        return items, hits

    def search_items_at_once(self, ids: Sequence[int], query: Query) -> tuple[list[Item], BatchHits]:
        """Do as `search_items`, without waiting for the database; raise SnapshotOutdated where it has to be asked."""
        answers = self._search_items(ids, query)
        self._deletions.require_unchanged_at_once()
        return answers

    def _search_items(self, ids: Sequence[int], query: Query) -> tuple[list[Item], BatchHits]:
        positions = self.snapshot.positions(ids)
        if len(positions) < len(ids):
            raise SnapshotOutdated
        vectors = self.snapshot.index.vectors()[positions]
        hits = self._search(vectors, query, [[*query.excluded, id] for id in ids])
        return [row.item() for row in self.snapshot.checked_rows(positions)], hits

    def items_at(self, positions: Positions) -> list[Item]:
        """Return the items at positions, (n,), each checked; raise SnapshotOutdated when one was deleted meanwhile."""
        items = [row.item() for row in self.snapshot.checked_rows(positions)]
        self._deletions.require_live(self.snapshot.ids[positions])
        return items

    def _search(self, queries: Queries, query: Query, excluded: ExcludedIds) -> BatchHits:
        if len(queries) == 1:
            with self._single_search():
                positions, distances = self._answer(queries, query, excluded[0])
                return BatchHits.of_one(self.snapshot.checked_rows(positions), distances)
        items, parts = CheckedItems(self.snapshot), []
        # The items of one part are read while the next parts are searched.
        for answers in self._answers(queries, query, excluded):
            items.read(answers.positions)
            parts.append(answers)
        return items.hits(Answers.joined(parts))

    def _single_search(self) -> AbstractContextManager[None]:
        return self._lock if self.snapshot.searched.fits_cache else nullcontext()

    def _answer(self, queries: Queries, query: Query, excluded: Sequence[int]) -> Answer:
        """Return the answer to a single query, (1, dim)."""
        if query.radius is None:
            return nearest_to(self.snapshot.searched, queries[0], query.k, self.snapshot.positions(excluded))
        (answers,) = self._answers(queries, query, [excluded])
        return answers[0]

    def _answers(self, queries: Queries, query: Query, excluded: ExcludedIds) -> Iterator[Answers]:
        """Yield the answers of a batch in parts."""
        positions = self.snapshot.positions_of_each(excluded)
        if query.radius is None:
            return nearest_in_parts(self.snapshot.searched, queries, query.k, positions)
        return range_search_in_parts(self.snapshot.searched, queries, query.radius, positions, query.k)
