"""A vector engine on a server as a store uses it: what it covers, what it proposes, and keeping it up to date."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.row import Row
from storage.errors import ServerUnusable
from storage.milvus import sync
from storage.milvus.collection import Covered, Ids, MilvusCollection
from storage.milvus.url import MilvusUrl
from storage.types.embedding import Embedding
from storage.types.where import Condition

#: More rows than these are not compared here; the engine is to cover them.
MOST_LATER = 100_000

#: With so many rows that it did not cover, the engine is asked anew what it covers.
_MANY_LATER = 2048


@dataclass(frozen=True)
class Proposals:
    """The ids proposed for each query, nearest first, and what was measured; `covered` was true before and after."""

    covered: Covered
    ids: list[Ids]
    measured: list[NDArray[np.float32]]


class Engine:
    """The vectors of one store on a Milvus server; they are derived from its rows."""

    def __init__(self, url: MilvusUrl, database: Database, embedding: Embedding, *, make: bool) -> None:
        self.url = url
        self._database = database
        self._dim = embedding.dim
        self._collection = MilvusCollection(url, embedding.dim, embedding.fingerprint, make=make)
        self._covered: Covered | None = None

    @property
    def exact(self) -> bool:
        """Tell whether what the server does not propose is farther than what it does."""
        return self._collection.exact

    def close(self) -> None:
        """Close the connection."""
        self._collection.close()

    def forget(self) -> None:
        """Ask the server anew what it covers."""
        self._covered = None

    def searched(self, queries: NDArray[np.float32], count: int, expression: str) -> Proposals:
        """Return what the server proposes for queries, (nq, dim) float32; raise ServerUnusable."""
        while True:
            covered = self._covered or self._load()
            ids, measured = self._collection.nearest(queries, count, expression)
            # A collection that was thrown away meanwhile may not have had everything.
            if self._collection.epoch() == covered.epoch:
                return Proposals(covered, ids, measured)
            self.forget()

    def _load(self) -> Covered:
        covered = self._collection.covered() or sync.NOTHING
        with self._database.reading() as connection:
            sync.require_same_history(Catalog(connection), covered, self.url)
        self._covered = covered
        return covered

    def later(self, catalog: Catalog, covered: Covered, conditions: Sequence[Condition]) -> list[Row]:
        """Return the live rows that the server does not cover, those that fulfil conditions."""
        uncovered = catalog.history.last_batch().next_id - covered.next_id
        if uncovered > MOST_LATER:
            raise ServerUnusable(
                f"expected the vectors of all but {MOST_LATER:,} items at {self.url}, got all but {uncovered:,}: "
                "fill it with `python -m storage repair` and the same --store and --milvus"
            )
        if uncovered > _MANY_LATER:
            self.forget()
        return catalog.items.page(covered.next_id - 1, MOST_LATER, conditions)

    def catch_up(self, *, wait: bool) -> None:
        """Make the server cover every row; without `wait`, leave it to another process that is at it."""
        sync.catch_up(self._database, self._collection, self._dim, wait=wait)
        self.forget()

    def wait_until_indexed(self) -> None:
        """Wait until the server has indexed all that it holds."""
        self._collection.wait_until_indexed()

    def complete(self) -> list[str]:
        """Make the server hold every row and nothing else; return a line when it had to be filled again."""
        wrong = sync.complete(self._database, self._collection, self._dim)
        self.forget()
        return [] if wrong is None else [wrong]

    def fill_again(self) -> None:
        """Throw away what the server has, and fill it from the rows."""
        sync.fill_again(self._database, self._collection, self._dim)
        self.forget()

    def problems(self) -> list[str]:
        """Return what is wrong with what the server holds, a line each; what it does not cover yet is no fault."""
        covered = self._load()
        count = self._collection.count()
        if count != covered.items:
            return [
                f"vectors at {self.url}: {count} items where {covered.items} were recorded; `python -m storage repair` "
                "fills them again"
            ]
        return []
