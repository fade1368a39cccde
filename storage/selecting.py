"""Find the smallest of very many numbers in one pass at the memory's speed."""

import numpy as np
from numpy.typing import NDArray

#: The numbers of a group, of which only the least is looked at first.
_GROUP = 32

#: So many groups for each number that is wanted, and looking at them pays.
_PAYS = 8


def smallest(values: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return where the `count` smallest of `values`, (n,), are, ascending by value; 1 <= count <= n.

    `np.argpartition(values, count - 1)[:count]`, sorted, says the same and takes as long as a matrix-vector product.
    Here the numbers are a table of `_GROUP` rows, and each column a group. The count-th smallest of the groups' minima
    is at least the count-th smallest number, so whatever is as small lies in a group whose minimum is no larger.
    """
    groups = len(values) // _GROUP
    if groups < _PAYS * count:
        return _sorted_smallest(values, count)
    table = values[: groups * _GROUP].reshape(_GROUP, groups)
    minima = table.min(axis=0)
    most = np.partition(minima, count - 1)[count - 1]
    if not np.isfinite(most):
        # A minimum that is no number would hide the numbers of its group.
        return _sorted_smallest(values, count)
    columns = np.flatnonzero(minima <= most)
    rows = np.arange(_GROUP)[:, np.newaxis] * groups
    places = np.concatenate(((rows + columns).ravel(), np.arange(groups * _GROUP, len(values))))
    return places[_sorted_smallest(values[places], count)]


def _sorted_smallest(values: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    places = np.argpartition(values, count - 1)[:count]
    return places[np.argsort(values[places])].astype(np.int64, copy=False)
