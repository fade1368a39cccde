"""The search engine of a store with a vector server: its collection, kept in sync with its rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.row import Row
from storage.errors import ServerUnusable
from storage.milvus.collection import Coverage, Ids, MilvusCollection
from storage.milvus.sync import CollectionSync, is_of_history, require_same_history
from storage.milvus.url import MilvusUrl
from storage.types.embedding import Embedding
from storage.types.where import Condition

#: The most uncovered rows that a search compares itself; with more, the collection must be synchronized first.
MAX_UNCOVERED = 100_000

#: With more uncovered rows than this, the next search reads the collection's coverage again.
_MANY_UNCOVERED = 2048


@dataclass(frozen=True)
class ServerCandidates:
    """Each query's candidate ids, nearest first, and the server's scores: with the metric L2, squared distances.

    The collection had at least this coverage during the whole search.
    """

    coverage: Coverage
    ids: list[Ids]
    scores: list[NDArray[np.float32]]


class Engine:
    """The vectors of one store on a Milvus server; with `create`, the collection is created if there is none."""

    def __init__(self, url: MilvusUrl, database: Database, embedding: Embedding, *, create: bool) -> None:
        self.url = url
        self._database = database
        self._collection = MilvusCollection(
            url, embedding.dim, embedding.fingerprint, create=create, is_outdated=self._is_outdated
        )
        self._sync = CollectionSync(database, self._collection, embedding)
        self._coverage: Coverage | None = None

    def _is_outdated(self, coverage: Coverage) -> bool:
        """Return whether a collection of another embedding has the store's items from before it was renewed."""
        if not coverage.batch:
            return False
        with self._database.reading() as catalog:
            return is_of_history(catalog, coverage)

    @property
    def exact(self) -> bool:
        """Whether every row that is not a candidate is farther than the candidates."""
        return self._collection.exact

    def close(self) -> None:
        """Close the connection."""
        self._collection.close()

    def refresh(self) -> None:
        """Read the collection's coverage again before the next search."""
        self._coverage = None

    def candidates(self, queries: NDArray[np.float32], count: int, expression: str) -> ServerCandidates:
        """Return up to `count` candidates for each query, (nq, dim) float32; raise ServerUnusable."""
        while True:
            coverage = self._coverage or self._read_coverage()
            ids, scores = self._collection.nearest(queries, count, expression)
            # Another epoch: the collection was rebuilt meanwhile, and may have been incomplete when it was searched.
            if self._collection.read_epoch() == coverage.epoch:
                return ServerCandidates(coverage, ids, scores)
            self.refresh()

    def _read_coverage(self) -> Coverage:
        coverage = self._collection.read_coverage()
        with self._database.reading() as catalog:
            catalog.require_embedding_of_rows()
            require_same_history(catalog, coverage, self.url)
        self._coverage = coverage
        return coverage

    def uncovered_rows(self, catalog: Catalog, coverage: Coverage, conditions: Sequence[Condition]) -> list[Row]:
        """Return the live rows that fulfil conditions and that the collection does not cover; raise ServerUnusable."""
        uncovered = catalog.history.last_batch().next_id - coverage.next_id
        if uncovered > MAX_UNCOVERED:
            raise ServerUnusable(
                f"expected the vectors of all but {MAX_UNCOVERED:,} items at {self.url}, got all but {uncovered:,}: "
                "synchronize it with `lookalike store repair` and the same --store and --milvus"
            )
        if uncovered > _MANY_UNCOVERED:
            self.refresh()
        return catalog.items.page(coverage.next_id - 1, MAX_UNCOVERED, conditions)

    def sync(self) -> None:
        """Make the collection cover every row, unless another process is doing so."""
        self._sync.run()
        self.refresh()

    def sync_and_check(self) -> list[str]:
        """Make the collection hold exactly the live rows; return a line if it had to be rebuilt."""
        rebuilt = self._sync.run_and_check()
        self.refresh()
        return rebuilt

    def wait_until_indexed(self) -> None:
        """Wait until the server has indexed all rows."""
        self._collection.wait_until_indexed()

    def problems(self) -> list[str]:
        """Return what is wrong with the collection, a line each; rows that it does not cover yet are no problem."""
        coverage = self._read_coverage()
        count = self._collection.count()
        if count == coverage.items:
            return []
        return [
            f"collection {self.url}: expected {coverage.items} items, got {count}; `lookalike store repair` rebuilds it"
        ]
