"""Keep a collection in sync with the rows that it is derived from.

Each step reads a page of rows in one transaction, writes it to the collection, and only then records the new coverage:
an interrupted step is repeated and writes the same. Items deleted since are removed in the same step.
"""

import uuid
from dataclasses import replace

import numpy as np

from storage.catalog.batch import Batch
from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.row import vectors_of
from storage.errors import ServerUnusable
from storage.milvus.collection import Coverage, MilvusCollection
from storage.milvus.pushdown import encoded_label
from storage.milvus.url import MilvusUrl
from storage.types.embedding import Embedding

#: Rows written in one step.
PAGE = 8192


class CollectionSync:
    """Writes the rows of a catalog, with vectors of an embedding, to a collection; one process at a time."""

    def __init__(self, database: Database, collection: MilvusCollection, embedding: Embedding) -> None:
        self._database = database
        self._collection = collection
        self._fingerprint, self._dim = embedding.fingerprint, embedding.dim

    def run(self) -> None:
        """Make the collection cover all rows; do nothing while another process does so.

        Raise ServerUnusable when the collection holds another history.
        """
        with self._database.sync_lock(wait=False) as locked:
            if locked:
                self._run()

    def run_and_check(self) -> list[str]:
        """Make the collection cover all rows, rebuilt if it has other items too; return a line if it was rebuilt."""
        with self._database.sync_lock(wait=True):
            self._run()
            coverage = self._collection.read_coverage()
            count = self._collection.count()
            if count == coverage.items:
                return []
            self._collection.clear()
            self._run()
        return [f"collection {self._collection.url}: {count} items instead of {coverage.items}, rebuilt"]

    def _run(self) -> None:
        covered = self._collection.read_coverage()
        coverage: Coverage | None = covered if covered.epoch else Coverage(epoch=uuid.uuid4().hex)
        while coverage is not None:
            coverage = self._step(coverage)

    def _step(self, coverage: Coverage) -> Coverage | None:
        """Write the next page of rows; return the new coverage, None when everything was covered."""
        with self._database.reading() as catalog:
            catalog.require_embedding(self._fingerprint)
            require_same_history(catalog, coverage, self._collection.url)
            last = catalog.history.last_batch()
            if coverage.batch == last.number and coverage.next_id == last.next_id:
                return None
            deleted = _deleted_since(catalog, coverage, last)
            rows = [row.verified() for row in catalog.items.page(coverage.next_id - 1, PAGE)]
        ids, keys = [row.id for row in rows], [row.key.decode() for row in rows]
        labels = [encoded_label(None if row.label is None else row.label.decode()) for row in rows]
        vectors = vectors_of(rows, self._dim)
        self._collection.remove(deleted)
        self._collection.write(ids, keys, labels, vectors)
        squared_lengths = np.square(vectors, dtype=np.float64).sum(axis=1)
        extended = replace(
            coverage,
            batch=last.number,
            chain=last.chain.hex(),
            next_id=rows[-1].id + 1 if len(rows) == PAGE else last.next_id,
            items=coverage.items - len(deleted) + len(rows),
            largest=float(max(coverage.largest, squared_lengths.max(initial=0.0))),
        )
        self._collection.write_coverage(extended)
        return extended


def _deleted_since(catalog: Catalog, coverage: Coverage, last: Batch) -> list[int]:
    """Return the ids that a collection covers and that were deleted since."""
    covered = catalog.history.batch(coverage.batch)
    if last.next_id - last.live == covered.next_id - covered.live:
        # The number of tombstones is the same: searching for new ones can mean reading every row.
        return []
    return catalog.items.deleted_since(coverage.batch, below=coverage.next_id)


def is_of_history(catalog: Catalog, coverage: Coverage) -> bool:
    """Return whether what a collection covers is the state after a batch of this catalog's history."""
    last = catalog.history.last_batch()
    return coverage.batch <= last.number and catalog.history.batch(coverage.batch).chain.hex() == coverage.chain


def require_same_history(catalog: Catalog, coverage: Coverage, url: MilvusUrl) -> None:
    """Raise ServerUnusable unless a collection covers a part of this catalog's history."""
    if (not coverage.next_id and not coverage.batch) or is_of_history(catalog, coverage):
        return
    raise ServerUnusable(
        f"expected the items of this store at {url}, got those of another store, or of another state of it: name "
        "another collection with ?collection=NAME, or rebuild it with `lookalike store repair`"
    )
