"""The protocol of a set of items that can be searched, in this process's memory or on a server."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from storage.memory.batch_hits import BatchHits
from storage.types.query import Query

#: Checked vectors, (nq, dim) float32.
Queries = NDArray[np.float32]

#: The ids to leave out of each query's answer, those of the query included.
ExcludedIds = Sequence[Sequence[int]]


class Searchable(Protocol):
    """The items of a store that fulfil a query's conditions."""

    def search(self, queries: Queries, query: Query, excluded: ExcludedIds) -> BatchHits:
        """Return the hits of each query vector by Euclidean distance, then id.

        Every hit's row is checked; StoreCorrupt is raised rather than a wrong label returned.
        """
