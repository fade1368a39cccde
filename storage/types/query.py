"""Search parameters: k, radius, filter and exclusions, checked once and passed down."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from storage.errors import InvalidQuery
from storage.types.items import checked_id, checked_k, checked_radius
from storage.types.where import Condition, Where, conditions_of

#: The number of hits unless k or a radius is given.
DEFAULT_K = 5

#: The k of a query for everything within a radius.
NO_LIMIT = sys.maxsize

Id = int | np.integer


class SearchOptions(TypedDict, total=False):
    """The options of every search but k, as keyword arguments of `Query.checked`."""

    radius: float | np.floating | None
    where: Where | None
    exclude: Iterable[Id]


@dataclass(frozen=True, slots=True)
class Query:
    """At most k items, the nearest first, none farther than the radius if there is one.

    All conditions must hold for the items that are compared. The ids in `excluded` are in no answer.
    """

    k: int
    radius: float | None = None
    conditions: tuple[Condition, ...] = ()
    excluded: tuple[int, ...] = ()

    @classmethod
    def checked(
        cls,
        k: int | None = None,
        *,
        radius: float | np.floating | None = None,
        where: Where | None = None,
        exclude: Iterable[Id] = (),
    ) -> "Query":
        """Return the query of these options; raise InvalidQuery for options without meaning.

        k is 5 unless it or a radius is given. The radius is a Euclidean distance, itself included. `where` chooses the
        items that are compared, as in `{"label": ["3", "8"], "width": {">=": 640}}`; `exclude` has ids to leave out.
        """
        if isinstance(exclude, str | bytes) or not isinstance(exclude, Iterable):
            raise InvalidQuery(f"expected a list of ids to exclude, got {exclude!r}")
        if k is None:
            k = DEFAULT_K if radius is None else NO_LIMIT
        max_distance = None if radius is None else checked_radius(radius)
        return cls(checked_k(k), max_distance, conditions_of(where), tuple(map(checked_id, exclude)))


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The items that fulfil all conditions and have ids above `after`, the first `size` of them in that order.

    With `count_labels` all that fulfil the conditions are counted by label, whichever page they are on.
    """

    conditions: tuple[Condition, ...] = ()
    after: int = -1
    size: int = 100
    count_labels: bool = False
