"""What a store with a vector engine searches: everything, what the engine can choose, or what the rows choose."""

import numpy as np

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.memory.memory_search import MemorySearch
from storage.memory.searchable import Searchable
from storage.memory.snapshot import Snapshot
from storage.memory.snapshot_cache import require_fields
from storage.milvus.engine import Engine
from storage.milvus.pushdown import filter_expression, ids_expression
from storage.milvus.search import MilvusSearch
from storage.nearest.faiss_flat import FaissFlat
from storage.nearest.polling_lock import PollingLock
from storage.types.where import Condition, Where, conditions_of

#: So many items that a filter chose are compared here; more are named to the engine.
_FEW = 16_384


def served(database: Database, engine: Engine, dim: int, where: Where | None) -> Searchable:
    """Return the items of a store, or those that a filter chooses; raise InvalidQuery or UnknownField."""
    conditions = conditions_of(where) if where is not None else ()
    expression = filter_expression(conditions)
    if expression is not None:
        return MilvusSearch(database, engine, dim, conditions, expression)
    with database.reading() as connection:
        catalog = Catalog(connection)
        require_fields(catalog, conditions)
        ids = catalog.items.ids_matching(conditions)
        if len(ids) <= _FEW:
            return MemorySearch(_loaded(catalog, ids, dim), database, PollingLock())
    return MilvusSearch(database, engine, dim, conditions, ids_expression(ids))


def _loaded(catalog: Catalog, ids: list[int], dim: int) -> Snapshot:
    """Return a snapshot of the items with these ids, read from their rows."""
    no_conditions: tuple[Condition, ...] = ()
    rows = catalog.items.rows_matching(ids, no_conditions)
    index = FaissFlat(dim)
    index.add(np.array([row.verified().vector_array(dim) for row in rows], np.float32).reshape(len(rows), dim))
    return Snapshot(catalog.history.last_batch(), index, np.array([row.id for row in rows], np.int64))
