"""Items whose vectors are in this process's memory."""

from collections.abc import Sequence

from storage import exact, radius
from storage.answers import hits_of
from storage.catalog import Catalog
from storage.database import Database
from storage.exact import Distances, Positions
from storage.items import Hit
from storage.searched import LeftOut, Queries
from storage.snapshot import Snapshot


class LoadedItems:
    """A `Searched` of a snapshot; SnapshotOutdated is raised when an answer holds what was deleted after it."""

    def __init__(self, snapshot: Snapshot, database: Database) -> None:
        self._snapshot = snapshot
        self._database = database

    def nearest(self, queries: Queries, k: int, left_out: LeftOut) -> list[list[Hit]]:
        """Return the k nearest items of each query by Euclidean distance, then id."""
        return self._hits(exact.nearest(self._snapshot.index, queries, k, self._positions(left_out)))

    def within(self, queries: Queries, border: float, left_out: LeftOut) -> list[list[Hit]]:
        """Return the items at most `border` from each query, that included, by Euclidean distance, then id."""
        return self._hits(radius.within(self._snapshot.index, queries, border, self._positions(left_out)))

    def _positions(self, left_out: LeftOut) -> Sequence[Positions] | None:
        return None if left_out is None else [self._snapshot.positions(ids) for ids in left_out]

    def _hits(self, answers: list[tuple[Positions, Distances]]) -> list[list[Hit]]:
        with self._database.reading() as connection:
            return hits_of(self._snapshot, Catalog(connection), answers)
