"""Items whose vectors a server compares: it proposes ids, and the rows decide.

What the server covers was recorded before it is searched, and the rows are read after. So a row that it does not cover
yet is among those that came later, which are compared here, and one that was deleted is no row any more. A bound on the
server's rounding error tells whether it must propose more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.row import Row
from storage.memory.searchable import ExcludedIds, Queries
from storage.milvus.client import MAX_HITS
from storage.milvus.collection import Ids
from storage.milvus.engine import Engine
from storage.nearest.error_bounds import squared_distance_error
from storage.nearest.exact import MARGIN, SLACK, Distances, distances_to
from storage.types.items import Hit
from storage.types.where import Condition

#: How many times more is asked for when too little was proposed.
_MORE = 8

#: How many neighbours are asked for at first when all within a radius are wanted.
_FIRST = 128

#: Rows compared at once when all of them are.
_PAGE = 16_384

#: Squared distances from here on may not be numbers that float32 holds.
_FAR = float(np.finfo(np.float32).max) / 2

_NO_IDS: Ids = np.empty(0, np.int64)


@dataclass(frozen=True)
class _Rows:
    """Checked rows by ascending id, (n,) int64, with their vectors, (n, dim) float32."""

    rows: Sequence[Row]
    ids: Ids
    vectors: NDArray[np.float32]

    def places(self, ids: Ids) -> NDArray[np.int64]:
        """Return the places of those of these ids that there are rows of."""
        if not len(self.ids):
            return _NO_IDS
        found = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        held: NDArray[np.int64] = found[self.ids[found] == ids]
        return held


@dataclass(frozen=True)
class _Found:
    """Rows by distance from a query, then id; no other row has a squared distance below `beyond`."""

    rows: list[Row]
    distances: Distances
    beyond: float


class _Wanted(Protocol):
    """What is wanted of all rows, ordered by distance and id; `first` of them may be enough."""

    @property
    def first(self) -> int: ...

    def count(self, distances: Distances) -> int:
        """Return how many of the rows at these distances, ascending, are in the answer."""
        ...

    def limit(self, distances: Distances) -> float:
        """Return the distance beyond which no row belongs to the answer, when there are rows at these."""
        ...


@dataclass(frozen=True)
class _Nearest:
    k: int
    first: int

    def count(self, distances: Distances) -> int:
        return min(self.k, len(distances))

    def limit(self, distances: Distances) -> float:
        return float(distances[self.k - 1]) if len(distances) >= self.k else np.inf


@dataclass(frozen=True)
class _Within:
    radius: float
    first: int = _FIRST

    def count(self, distances: Distances) -> int:
        return int(np.searchsorted(distances, self.radius, side="right"))

    def limit(self, distances: Distances) -> float:  # noqa: ARG002 -- it is the same whatever there is
        return self.radius


class MilvusSearch:
    """A `Searchable` of all items of a store, or of those that fulfil conditions, which `expression` says too."""

    def __init__(
        self, database: Database, engine: Engine, dim: int, conditions: Sequence[Condition] = (), expression: str = ""
    ) -> None:
        self._database = database
        self._engine = engine
        self._dim = dim
        self._conditions = conditions
        self._expression = expression

    def nearest(self, queries: Queries, k: int, left_out: ExcludedIds) -> list[list[Hit]]:
        """Return the k nearest items of each query by Euclidean distance, then id."""
        widest = max((len(ids) for ids in left_out), default=0) if left_out is not None else 0
        return self._answers(queries, left_out, _Nearest(k, k + widest + MARGIN))

    def within(self, queries: Queries, border: float, left_out: ExcludedIds) -> list[list[Hit]]:
        """Return the items at most `border` from each query, that included, by Euclidean distance, then id."""
        return self._answers(queries, left_out, _Within(border))

    def _answers(self, queries: Queries, left_out: ExcludedIds, wanted: _Wanted) -> list[list[Hit]]:
        out = [_ids(ids) for ids in left_out] if left_out is not None else [_NO_IDS] * len(queries)
        found: list[_Found | None] = [None] * len(queries)
        left = list(range(len(queries)))
        for count in _counts(wanted.first):
            if not left:
                break
            for place, one in zip(left, self._proposed(queries[left], out, left, count), strict=True):
                found[place] = one
            left = [place for place in left if not _sure(found[place], wanted)]
        answers = [_hits(one, wanted) if one is not None else [] for one in found]
        if self._engine.exact or wanted.first > MAX_HITS:
            for place in left:
                answers[place] = _hits(self._among_all(queries[place], out[place], wanted), wanted)
        return answers

    def _proposed(self, queries: Queries, out: Sequence[Ids], places: Sequence[int], count: int) -> Iterator[_Found]:
        """Walk what is found of each query among `count` proposals of the server and what it does not cover."""
        searched = self._engine.candidates(queries, count, self._expression)
        coverage = searched.coverage
        proposed = [ids[ids < coverage.next_id] for ids in searched.ids]
        with self._database.reading() as connection:
            items = Catalog(connection).items
            known = self._rows(items.rows_matching(np.unique(np.concatenate(proposed)).tolist(), self._conditions))
            later = self._rows(self._engine.uncovered_rows(Catalog(connection), coverage, self._conditions))
        norms = np.square(queries, dtype=np.float64).sum(axis=1)
        error = squared_distance_error(norms, self._dim, coverage.largest)
        for place, query, ids, measured, far in zip(places, queries, proposed, searched.scores, error, strict=True):
            near = known.places(ids)
            vectors = np.concatenate((known.vectors[near], later.vectors))
            rows = [*(known.rows[one] for one in near.tolist()), *later.rows]
            distances = distances_to(vectors, query)
            beyond = self._beyond(measured, count, distances, far)
            # The server may leave out what is too far for float32.
            reach = np.sqrt(np.square(query, dtype=np.float64).sum()) + np.sqrt(coverage.largest)
            yield _ordered(rows, distances, beyond if reach**2 < _FAR else -np.inf, out[place])

    def _beyond(self, measured: NDArray[np.float32], count: int, distances: Distances, error: float) -> float:
        """Return the squared distance that nothing is nearer than which was not proposed."""
        if len(measured) < count:
            return np.inf
        if self._engine.exact:
            return float(measured[-1]) - error
        # An approximate index promises nothing: the farthest that it proposed has to do.
        return float(np.square(distances).max(initial=0))

    def _among_all(self, query: NDArray[np.float32], out: Ids, wanted: _Wanted) -> _Found:
        """Return what is found among all rows, a page at a time."""
        best = _Found([], np.empty(0), np.inf)
        after = -1
        with self._database.reading() as connection:
            items = Catalog(connection).items
            while page := items.page(after, _PAGE, self._conditions):
                some = self._rows(page)
                distances = np.concatenate((best.distances, distances_to(some.vectors, query)))
                best = _ordered([*best.rows, *some.rows], distances, np.inf, out)
                count = wanted.count(best.distances)
                best, after = _Found(best.rows[:count], best.distances[:count], np.inf), page[-1].id
        return best

    def _rows(self, rows: Sequence[Row]) -> _Rows:
        vectors = np.array([row.verified().vector_array(self._dim) for row in rows], np.float32).reshape(
            len(rows), self._dim
        )
        return _Rows(rows, np.array([row.id for row in rows], np.int64), vectors)


def _ids(ids: Sequence[int]) -> Ids:
    return np.array([id for id in ids if abs(id) < 2**63], np.int64)


def _counts(first: int) -> Iterator[int]:
    """Walk how many neighbours the server is asked for, until it is all that it gives."""
    count = first
    while count < MAX_HITS:
        yield count
        count *= _MORE
    if first <= MAX_HITS:
        yield MAX_HITS


def _sure(found: _Found | None, wanted: _Wanted) -> bool:
    return found is not None and (
        bool(np.isposinf(found.beyond)) or wanted.limit(found.distances) ** 2 * SLACK < found.beyond
    )


def _ordered(rows: Sequence[Row], distances: Distances, beyond: float, out: Ids) -> _Found:
    ids = np.array([row.id for row in rows], np.int64)
    order = np.lexsort((ids, distances))
    if len(out):
        order = order[~np.isin(ids[order], out)]
    return _Found([rows[place] for place in order.tolist()], distances[order], beyond)


def _hits(found: _Found, wanted: _Wanted) -> list[Hit]:
    rows = found.rows[: wanted.count(found.distances)]
    return [row.hit(rank, far) for rank, (row, far) in enumerate(zip(rows, found.distances.tolist(), strict=False), 1)]
