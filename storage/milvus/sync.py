"""Bring a vector engine's collection up to date with the rows that it is derived from.

Each step reads a page of rows in one transaction, writes it, and only then records how far it came: a step that was
stopped is done again, and writes the same. What was deleted since is taken out in the same step.
"""

import uuid
from dataclasses import replace

import numpy as np

from storage.catalog.batch import Batch
from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.row import Row
from storage.errors import ServerUnusable
from storage.milvus.collection import Covered, MilvusCollection
from storage.milvus.pushdown import label_of
from storage.milvus.url import MilvusUrl

#: Rows written in one step.
PAGE = 8192

#: What a collection covers that nothing was written to.
NOTHING = Covered(epoch="", batch=0, chain="", next_id=0, items=0, largest=0.0)


def catch_up(database: Database, collection: MilvusCollection, dim: int, *, wait: bool) -> bool:
    """Make the collection cover everything stored; return whether it does.

    Unless `wait`, nothing is done while another process is at it. Raise ServerUnusable when the collection holds
    another history.
    """
    with database.sync_lock(wait=wait) as alone:
        if not alone:
            return False
        covered = collection.covered() or replace(NOTHING, epoch=uuid.uuid4().hex)
        while (further := _step(database, collection, covered, dim)) is not None:
            covered = further
        return True


def fill_again(database: Database, collection: MilvusCollection, dim: int) -> None:
    """Throw the collection away and fill it from the rows."""
    with database.sync_lock(wait=True):
        collection.clear()
    catch_up(database, collection, dim, wait=True)


def complete(database: Database, collection: MilvusCollection, dim: int) -> str | None:
    """Make the collection cover everything, filled again when it then holds more or less; return what was wrong."""
    catch_up(database, collection, dim, wait=True)
    with database.sync_lock(wait=True):
        covered = collection.covered() or NOTHING
        count = collection.count()
    if count == covered.items:
        return None
    fill_again(database, collection, dim)
    return f"vectors at {collection.url}: {count} items in place of {covered.items}, filled again"


def _step(database: Database, collection: MilvusCollection, covered: Covered, dim: int) -> Covered | None:
    """Write the next page and record it; return how much is covered then, None when there was nothing to do."""
    with database.reading() as connection:
        catalog = Catalog(connection)
        require_same_history(catalog, covered, collection.url)
        last = catalog.history.last_batch()
        if covered.batch == last.number and covered.next_id == last.next_id:
            return None
        gone = _gone(catalog, covered, last)
        rows = [row.verified() for row in catalog.items.page(covered.next_id - 1, PAGE)]
    vectors = np.array([row.vector_array(dim) for row in rows], np.float32).reshape(len(rows), dim)
    collection.remove(gone)
    collection.write([row.id for row in rows], [row.key.decode() for row in rows], _labels(rows), vectors)
    squared = np.einsum("ij,ij->i", vectors.astype(np.float64), vectors.astype(np.float64))
    further = replace(
        covered,
        batch=last.number,
        chain=last.chain.hex(),
        next_id=rows[-1].id + 1 if len(rows) == PAGE else last.next_id,
        items=covered.items - len(gone) + len(rows),
        largest=float(max(covered.largest, squared.max(initial=0.0))),
    )
    collection.mark(further)
    return further


def _gone(catalog: Catalog, covered: Covered, last: Batch) -> list[int]:
    """Return the ids that a collection covers and that were deleted since."""
    known = catalog.history.batch(covered.batch)
    if last.next_id - last.live == known.next_id - known.live:
        # As many tombstones as then: they need not be looked for, which can mean reading every row.
        return []
    return catalog.items.deleted_since(covered.batch, below=covered.next_id)


def require_same_history(catalog: Catalog, covered: Covered, url: MilvusUrl) -> None:
    """Raise ServerUnusable unless what a collection covers is a part of this catalog's history."""
    if not covered.next_id and not covered.batch:
        return
    known = catalog.history.last_batch()
    if covered.batch <= known.number and catalog.history.batch(covered.batch).chain.hex() == covered.chain:
        return
    raise ServerUnusable(
        f"expected the items of this store at {url}, got those of another store, or of another time: name "
        "another collection with ?collection=NAME, or fill it again with `python -m storage repair`"
    )


def _labels(rows: list[Row]) -> list[str]:
    return [label_of(None if row.label is None else row.label.decode()) for row in rows]
