"""The ids of the items that a filter selects."""

import numpy as np
from numpy.typing import NDArray

from storage import Store, Where
from storage.types.query import NO_LIMIT, Query


def selected_ids(store: Store, where: Where) -> NDArray[np.int64]:
    """Return the ids of the items that fulfil a filter, (n,) int64 ascending: a query without limits finds all of them.

    Raise InvalidQuery, UnknownField or IncomparableField for a filter without meaning.
    """
    query = Query.checked(NO_LIMIT, where=where)
    return np.sort(store.search(np.zeros(store.dim, np.float32), query).ids)
