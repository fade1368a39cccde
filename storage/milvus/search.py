"""Search items whose vectors are on a Milvus server: the server returns candidate ids, the catalog's rows decide.

The server's coverage is recorded before it is searched, and the rows are read afterwards. So every live row is either a
row that the server covers or an uncovered one, which is compared here. A bound on the server's rounding error tells
whether more candidates are needed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.pages import BatchState, RowPage, read_state
from storage.catalog.row import Row, vectors_of
from storage.columns.columns_builder import ColumnsBuilder, empty_columns
from storage.memory.batch_hits import BatchHits
from storage.memory.deletions import DeletionCheck
from storage.memory.filter_fields import StoredFields, require_fields
from storage.memory.memory_search import MemorySearch
from storage.memory.searchable import ExcludedIds, Queries, Searchable
from storage.memory.snapshot import Snapshot, find_ascending
from storage.milvus.client import MAX_HITS
from storage.milvus.collection import Ids
from storage.milvus.engine import Engine
from storage.milvus.pushdown import filter_expression
from storage.nearest.answers import Distances
from storage.nearest.error_bounds import SLACK, squared_distance_error
from storage.nearest.exact import distances_to
from storage.nearest.faiss_flat import FaissFlat
from storage.nearest.index import MARGIN
from storage.nearest.polling_lock import PollingLock
from storage.types.embedding import Embedding
from storage.types.query import Query
from storage.types.where import Condition

#: How many times more candidates are requested when they did not suffice.
_FACTOR = 8

#: How many candidates are requested at first when all within a radius are searched.
_RADIUS_CANDIDATES = 128

#: Squared distances from here on may overflow float32.
_FAR = float(np.finfo(np.float32).max) / 2

#: Up to so many items selected by a filter are searched in memory; the ids of more are sent to the server.
_IN_MEMORY = 16_384


@dataclass(frozen=True)
class _Ranking:
    """Rows by distance from a query, then id; no other row's squared distance is below `lower_bound`."""

    rows: list[Row]
    distances: Distances
    lower_bound: float


@dataclass(frozen=True)
class _VectorRows:
    """Checked rows by ascending id, (n,) int64, with their vectors, (n, dim) float32."""

    rows: Sequence[Row]
    ids: Ids
    vectors: NDArray[np.float32]

    def indices(self, ids: Ids) -> NDArray[np.int64]:
        """Return the indices of the rows with these ids, without those of ids that have no row."""
        indices, known = find_ascending(self.ids, ids)
        return indices[known]


def milvus_searchable(
    database: Database, engine: Engine, embedding: Embedding, conditions: Sequence[Condition]
) -> Searchable:
    """Return the items that fulfil all conditions, searched by the server unless a filter leaves few of them.

    A filter that the server cannot evaluate is evaluated on the rows. Raise UnknownField or IncomparableField,
    and StoreRenewed, as does every search, when the store has vectors of another embedding by now.
    """
    expression = filter_expression(conditions)
    if expression is None:
        version = database.version()
        selected = read_state(
            partial(_reading, database, embedding.fingerprint), lambda state: _select(state, conditions, embedding.dim)
        )
        if isinstance(selected, Snapshot):
            return MemorySearch(selected, DeletionCheck(database, selected.batch, version), PollingLock())
        expression = f"id in {selected}"
    return MilvusSearch(database, engine, embedding, expression)


@contextmanager
def _reading(database: Database, fingerprint: str) -> Iterator[Catalog]:
    """Return the catalog inside a read transaction in which its vectors are those of an embedding."""
    with database.reading() as catalog:
        catalog.require_embedding(fingerprint)
        yield catalog


def _select(state: BatchState, conditions: Sequence[Condition], dim: int) -> Snapshot | list[int]:
    """Return a snapshot of the items that fulfil all conditions, or their ids if they are many."""
    require_fields(StoredFields(state), state.batch.live, conditions)
    pages = state.scan(lambda catalog, page: catalog.items.ids_matching(page, conditions))
    ids = [id for page in pages for id in page]
    if len(ids) > _IN_MEMORY:
        return ids
    index, builder = FaissFlat(dim), ColumnsBuilder()
    for rows in _matching_rows(state, conditions):
        index.add(_vector_rows(rows, dim).vectors)
        builder.add(rows)
    return Snapshot(state.batch, index, builder.finish(empty_columns()))


def _matching_rows(state: BatchState, conditions: Sequence[Condition]) -> Iterator[list[Row]]:
    """Yield the items' rows that fulfil all conditions, each checked, a page at a time."""
    for page in state.pages(lambda catalog, page: RowPage(page, catalog.items.live_in_page(page, conditions))):
        yield page.live()


class MilvusSearch:
    """A `Searchable` of the items of a store that fulfil the query's conditions.

    `expression` is the same filter for the server; without conditions it is empty.
    """

    def __init__(self, database: Database, engine: Engine, embedding: Embedding, expression: str) -> None:
        self._database = database
        self._engine = engine
        self._fingerprint, self._dim = embedding.fingerprint, embedding.dim
        self._expression = expression

    def search(self, queries: Queries, query: Query, excluded: ExcludedIds) -> BatchHits:
        """Return the hits of each query vector by Euclidean distance, then id."""
        excluded_ids = [_ids(ids) for ids in excluded]
        rankings: dict[int, _Ranking] = {}
        numbers = list(range(len(queries)))
        first = _first_count(query, excluded)
        for count in _counts(first):
            if not numbers:
                break
            ranked = self._candidates(queries[numbers], query, [excluded_ids[n] for n in numbers], count)
            rankings.update(zip(numbers, ranked, strict=True))
            numbers = [number for number in numbers if not _suffices(rankings[number], query)]
        if self._engine.exact or first > MAX_HITS:
            for number in numbers:
                rankings[number] = self._compare_all(queries[number], query, excluded_ids[number])
        return BatchHits.of(_ranked(rankings[number], query) for number in range(len(queries)))

    def _candidates(self, queries: Queries, query: Query, excluded: Sequence[Ids], count: int) -> Iterator[_Ranking]:
        """Yield each query's ranking of `count` candidates of the server and of all rows that it does not cover."""
        searched = self._engine.candidates(queries, count, self._expression)
        coverage = searched.coverage
        candidates = [ids[ids < coverage.next_id] for ids in searched.ids]
        with self._database.reading() as catalog:
            catalog.require_embedding(self._fingerprint)
            ids = np.unique(np.concatenate(candidates)).tolist()
            known = _vector_rows(catalog.items.rows_matching(ids, query.conditions), self._dim)
            uncovered = _vector_rows(self._engine.uncovered_rows(catalog, coverage, query.conditions), self._dim)
        norms = np.square(queries, dtype=np.float64).sum(axis=1)
        errors = squared_distance_error(norms, self._dim, coverage.largest)
        # The server may omit items whose squared distance overflows float32.
        reach = (np.sqrt(norms) + np.sqrt(coverage.largest)) ** 2
        for number, vector in enumerate(queries):
            indices = known.indices(candidates[number])
            rows = [*(known.rows[index] for index in indices.tolist()), *uncovered.rows]
            distances = distances_to(np.concatenate((known.vectors[indices], uncovered.vectors)), vector)
            bound = self._lower_bound(searched.scores[number], count, distances, errors[number])
            yield _ranking(rows, distances, excluded[number], bound if reach[number] < _FAR else -np.inf)

    def _lower_bound(self, scores: NDArray[np.float32], count: int, distances: Distances, error: float) -> float:
        """Return a lower bound on the squared distance of every row that is not a candidate."""
        if len(scores) < count:
            return np.inf
        if self._engine.exact:
            return float(scores[-1]) - error
        # An approximate index guarantees nothing: its farthest candidate has to do.
        return float(np.square(distances).max(initial=0))

    def _compare_all(self, vector: NDArray[np.float32], query: Query, excluded: Ids) -> _Ranking:
        """Return the ranking of all rows, compared a page at a time."""

        def compare(state: BatchState) -> _Ranking:
            best = _Ranking([], np.empty(0), np.inf)
            for rows in _matching_rows(state, query.conditions):
                block = _vector_rows(rows, self._dim)
                distances = np.concatenate((best.distances, distances_to(block.vectors, vector)))
                best = _ranking([*best.rows, *block.rows], distances, excluded, np.inf)
                count = _hit_count(best, query)
                best = _Ranking(best.rows[:count], best.distances[:count], np.inf)
            return best

        return read_state(partial(_reading, self._database, self._fingerprint), compare)


def _vector_rows(rows: Sequence[Row], dim: int) -> _VectorRows:
    vectors = vectors_of([row.verified() for row in rows], dim)
    return _VectorRows(rows, np.array([row.id for row in rows], np.int64), vectors)


def _ids(ids: Sequence[int]) -> Ids:
    return np.array([id for id in ids if abs(id) < 2**63], np.int64)


def _first_count(query: Query, excluded: ExcludedIds) -> int:
    """Return how many candidates to request first."""
    if query.radius is not None:
        return _RADIUS_CANDIDATES
    return query.k + max((len(ids) for ids in excluded), default=0) + MARGIN


def _counts(first: int) -> Iterator[int]:
    """Yield how many candidates to request, up to the most that the server returns."""
    count = first
    while count < MAX_HITS:
        yield count
        count *= _FACTOR
    if first <= MAX_HITS:
        yield MAX_HITS


def _suffices(ranking: _Ranking, query: Query) -> bool:
    """Return whether no row that is not a candidate can belong to the answer."""
    limit = np.inf if query.radius is None else query.radius
    if len(ranking.distances) >= query.k:
        limit = min(limit, float(ranking.distances[query.k - 1]))
    return bool(np.isposinf(ranking.lower_bound)) or limit * limit * SLACK < ranking.lower_bound


def _ranking(rows: Sequence[Row], distances: Distances, excluded: Ids, lower_bound: float) -> _Ranking:
    """Return rows in order without the excluded ones."""
    ids = np.array([row.id for row in rows], np.int64)
    order = np.lexsort((ids, distances))
    if len(excluded):
        order = order[~np.isin(ids[order], excluded)]
    return _Ranking([rows[index] for index in order.tolist()], distances[order], lower_bound)


def _hit_count(ranking: _Ranking, query: Query) -> int:
    """Return how many of the ranked rows are in the answer."""
    if query.radius is None:
        return min(query.k, len(ranking.rows))
    return min(query.k, int(np.searchsorted(ranking.distances, query.radius, side="right")))


def _ranked(ranking: _Ranking, query: Query) -> tuple[list[Row], Distances]:
    """Return the rows of the answer with their distances."""
    count = _hit_count(ranking, query)
    return ranking.rows[:count], ranking.distances[:count]
