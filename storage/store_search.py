"""Search a store, in any process, while another may be writing to it.

Vectors are loaded by the first search and stay as they are; `refresh` drops them. Another process may renew the store:
an answer is from entirely old or entirely new vectors (`view.py`).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from storage.catalog.database import Database
from storage.catalog.pages import read_state
from storage.errors import InvalidQuery
from storage.locations.location import Location
from storage.memory.batch_hits import BatchHits
from storage.memory.filter_fields import Fields
from storage.memory.neighbours import Neighbours, neighbours_of_all
from storage.reader import StoreReader
from storage.types.embedding import Embedding
from storage.types.items import Item, checked_id, checked_k, checked_radius
from storage.types.label_counts import LabelCounts
from storage.types.query import NO_LIMIT, Id, PageRequest, Query
from storage.types.vectors import checked_vectors
from storage.types.where import COLUMNS, EXISTS, Where, conditions_of
from storage.view import View

if TYPE_CHECKING:
    from storage.memory.item_page import ItemPage
    from storage.milvus.engine import Engine


class StoreSearch(StoreReader):
    """The part of an open store that searches, and selects and counts items by a filter."""

    def __init__(
        self, location: Location, database: Database, open_engine: "Callable[[Embedding], Engine] | None"
    ) -> None:
        super().__init__(location, database, open_engine)
        #: The fingerprint of the embedding that query vectors without one are taken to be made by.
        self._assumed_fingerprint = self.embedding.fingerprint

    def label_counts(self) -> LabelCounts:
        """Return how many items each label has, in order of the labels and None last."""
        return self._current.up_to_date(lambda view: read_state(view.reading, view.label_counts))

    def all_vectors(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return every id, (n,) int64 ascending, and a read-only view of their vectors, (n, dim) float32."""
        snapshot = self._current.up_to_date(lambda view: view.snapshots.current())
        vectors = snapshot.index.vectors().view()
        vectors.flags.writeable = False
        return snapshot.ids, vectors

    def count(self, where: Where | None = None) -> int:
        """Return how many items fulfil a filter; raise as `search` does for one without meaning."""
        return self._current.up_to_date(lambda view: view.count(conditions_of(where)))

    def item_page(
        self, where: Where | None = None, *, after: int = -1, size: int = 100, count_labels: bool = False
    ) -> "ItemPage":
        """Return the first `size` items above an id that fulfil a filter, in id order, of the batch that is loaded.

        With `count_labels` all that fulfil it are counted by label. Raise as `search` does for invalid filters.
        """
        request = PageRequest(conditions_of(where), checked_id(after), checked_k(size), count_labels)
        return self._current.up_to_date(lambda view: view.item_page(request))

    def missing_fields(self, where: Where | None) -> list[str]:
        """Return the fields of a filter, of those after `exists`, that no item has: it selects none or all by them."""
        self._require_open()
        conditions = conditions_of(where)
        names = {condition.field for condition in conditions if condition.operator == EXISTS}.difference(COLUMNS)
        if not names:
            return []
        fields = self._fields()
        return sorted(name for name in names if not fields.has_metadata(name))

    def field_names(self) -> list[str]:
        """Return the names of the fields that a filter can compare: the items' own, and those of their metadata."""
        return [*COLUMNS, *self._fields().metadata_names()]

    def _fields(self) -> Fields:
        return self._current.up_to_date(lambda view: view.fields())

    def refresh(self) -> None:
        """Search the newest batch from now on, not the one that was loaded; query vectors are taken to be made anew."""
        self._assumed_fingerprint = self.newest_embedding().fingerprint
        self._current.view.refresh()

    def search(
        self,
        vectors: ArrayLike,
        query: Query,
        exclude: Sequence[Sequence[int]] | None = None,
        *,
        fingerprint: str | None = None,
    ) -> BatchHits:
        """Return the hits of each query vector, (n, dim) or one (dim,), by Euclidean distance, then id.

        `exclude` has ids to leave out of each query's hits, besides those of the query. `fingerprint` is that of the
        embedding that made the vectors; without it they are taken to be of the embedding that the store had when it was
        opened, or at the last `refresh`. Every hit's row is checked against its checksum and against the vector that
        was compared; StoreCorrupt is raised rather than a wrong label returned. The items are those of the moment when
        the vectors were loaded; if a hit was deleted since, they are loaded again first. Raise InvalidVectors,
        InvalidQuery, UnknownField, IncomparableField, or StoreRenewed when the store's vectors are another embedding's
        by now.
        """
        view = self._current.of_embedding(fingerprint or self._assumed_fingerprint)
        queries = checked_vectors(vectors, view.embedding.dim)
        if exclude is None:
            return view.search(queries, query, [query.excluded] * len(queries))
        if len(exclude) != len(queries):
            raise InvalidQuery(
                f"expected a list of excluded ids for each of {len(queries)} queries, got {len(exclude)}"
            )
        return view.search(queries, query, [[*query.excluded, *map(checked_id, ids)] for ids in exclude])

    def search_by_id(self, ids: Sequence[Id], query: Query) -> tuple[list[Item], BatchHits]:
        """Return these items, and the nearest others of each, as `search` does; raise UnknownItem."""
        checked = [checked_id(id) for id in ids]
        return self._current.up_to_date(lambda view: self._search_by_id(view, checked, query))

    def _search_by_id(self, view: View, ids: Sequence[int], query: Query) -> tuple[list[Item], BatchHits]:
        answers = view.search_loaded(ids, query)
        # Otherwise the items are read first: one that was deleted is unknown.
        return view.search_rows(self._rows_by_id(ids, view.reading), query) if answers is None else answers

    def search_by_id_at_once(self, id: Id, query: Query) -> tuple[list[Item], BatchHits] | None:
        """Return what `search_by_id` does if that takes milliseconds and waits for nothing, otherwise None."""
        return self._current.view.search_at_once([checked_id(id)], query)

    def search_by_key(self, keys: Sequence[str], query: Query) -> tuple[list[Item], BatchHits]:
        """Return the items of these keys, and the nearest others of each, as `search` does; raise UnknownItem."""
        return self._current.up_to_date(lambda view: view.search_rows(self._rows_by_key(keys, view.reading), query))

    def nearest(
        self, vectors: ArrayLike, k: int, exclude: Sequence[Sequence[int]] | None = None, where: Where | None = None
    ) -> BatchHits:
        """Return the k nearest items of each query vector: `search` with k and a filter."""
        return self.search(vectors, Query(checked_k(k), conditions=conditions_of(where)), exclude)

    def within(
        self,
        vectors: ArrayLike,
        radius: float | np.floating,
        exclude: Sequence[Sequence[int]] | None = None,
        where: Where | None = None,
    ) -> BatchHits:
        """Return the items at most `radius` from each query vector: `search` with a radius and a filter."""
        return self.search(vectors, Query(NO_LIMIT, checked_radius(radius), conditions_of(where)), exclude)

    def neighbours_of_all(self, k: int) -> Neighbours:
        """Return the k nearest neighbours of every item of the newest batch, every row checked; raise InvalidQuery."""
        k = checked_k(k)
        return self._current.up_to_date(lambda view: neighbours_of_all(view.snapshots.newest(), k))
