"""Items whose vectors are in this process's memory."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.memory.hits import hits_of, hits_of_many
from storage.memory.searchable import ExcludedIds, Queries
from storage.memory.snapshot import Snapshot
from storage.nearest import exact, range_search
from storage.nearest.exact import Distances, Positions
from storage.nearest.polling_lock import PollingLock
from storage.types.items import Hit, Item

#: Positions and distances, one pair a query.
Answers = list[tuple[Positions, Distances]]


class MemorySearch:
    """A `Searchable` of a snapshot; SnapshotOutdated is raised when an answer holds what was deleted after it.

    Single queries of few vectors take turns. Each is short and lets go of Python's own lock a dozen times, so that
    threads which ask at once would spend their time waking each other.
    """

    def __init__(self, snapshot: Snapshot, database: Database, turns: PollingLock) -> None:
        self._snapshot = snapshot
        self._database = database
        self._turns = turns

    def nearest(self, queries: Queries, k: int, left_out: ExcludedIds) -> list[list[Hit]]:
        """Return the k nearest items of each query by Euclidean distance, then id."""
        out = self._positions(left_out)
        return self._hits(len(queries), lambda: exact.nearest_in_parts(self._snapshot.index, queries, k, out))

    def within(self, queries: Queries, border: float, left_out: ExcludedIds) -> list[list[Hit]]:
        """Return the items at most `border` from each query, that included, by Euclidean distance, then id."""
        out = self._positions(left_out)
        return self._hits(len(queries), lambda: [range_search.range_search(self._snapshot.index, queries, border, out)])

    def _turn(self) -> AbstractContextManager[object]:
        return self._turns if self._snapshot.index.fits_cache else nullcontext()

    def _positions(self, left_out: ExcludedIds) -> Sequence[Positions] | None:
        return None if left_out is None else [self._snapshot.positions(ids) for ids in left_out]

    def _hits(self, count: int, find: Callable[[], Iterable[Answers]]) -> list[list[Hit]]:
        """Return the hits of so many queries' answers, which may be found some after the others."""
        if count != 1:
            return self._hits_of_many(find())
        with self._turn():
            (((positions, distances),),) = find()
            with self._database.reading() as connection:
                return [hits_of(self._snapshot, Catalog(connection), positions, distances)]

    def _hits_of_many(self, parts: Iterable[Answers]) -> list[list[Hit]]:
        """Return the hits of answers that come in parts: the rows of one are read while the next is searched for."""
        hits: list[list[Hit]] = []
        known: dict[int, Item] = {}
        for answers in parts:
            with self._database.reading() as connection:
                hits += hits_of_many(self._snapshot, Catalog(connection), answers, known)
        return hits
