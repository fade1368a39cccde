"""The contract of what is searched: items, in this process's memory or on servers, among which hits are found."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from storage.types.items import Hit

#: (nq, dim) float32, checked.
Queries = NDArray[np.float32]

#: The ids that are left out of each query's answer, nothing for none at all.
ExcludedIds = Sequence[Sequence[int]] | None


class Searchable(Protocol):
    """The items of a store, or those that a filter chose; every hit's row is checked.

    StoreCorrupt is raised rather than a wrong label returned.
    """

    def nearest(self, queries: Queries, k: int, left_out: ExcludedIds) -> list[list[Hit]]:
        """Return the k nearest items of each query by Euclidean distance, then id."""
        ...

    def within(self, queries: Queries, border: float, left_out: ExcludedIds) -> list[list[Hit]]:
        """Return the items at most `border` from each query, that included, by Euclidean distance, then id."""
        ...
