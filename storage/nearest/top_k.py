"""Find the smallest of very many numbers in one pass at the memory's speed."""

import math

import numpy as np
from numpy.typing import NDArray

#: The numbers of a group, of which only the least is looked at first.
_GROUP = 32

#: So many groups for each number that is wanted, and looking at them pays.
_PAYS = 16


def least(values: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], float]:
    """Return places of `values`, (n,), among which are the `count` smallest, and a limit that all others are above.

    1 <= count <= n. There are more places than asked for where numbers are equal, and a few more otherwise. When a
    number is none, or infinitely small, nothing is known of any: the limit is minus infinity.

    `np.argpartition(values, count - 1)[:count]` takes as long as a matrix-vector product. Here the numbers are a table
    of `_GROUP` rows, and each column a group. The count-th smallest of the groups' minima is at least the count-th
    smallest number, so whatever is as small lies in a group whose minimum is no larger.
    """
    groups = len(values) // _GROUP
    if groups < _PAYS * count:
        limit = _at(values, count)
        return (values <= limit).nonzero()[0], _certain(limit, values)
    table = values[: groups * _GROUP].reshape(_GROUP, groups)
    minima = np.minimum.reduce(table, axis=0)
    limit = _at(minima, count)
    columns = (minima <= limit).nonzero()[0]
    rows, chosen = (table.take(columns, axis=1) <= limit).nonzero()
    places = rows * groups + columns[chosen]
    rest = values[groups * _GROUP :]
    if len(rest):
        places = np.concatenate((places, (~(rest > limit)).nonzero()[0] + groups * _GROUP))
    return places, _certain(limit, minima)


def _at(values: NDArray[np.float32], count: int) -> np.float32:
    """Return the count-th smallest of some numbers."""
    ordered = values.copy()
    ordered.partition(count - 1)
    found: np.float32 = ordered[count - 1]
    return found


def _certain(limit: np.float32, minima: NDArray[np.float32]) -> float:
    """Return a limit, or minus infinity when one of the minima is no number: it would hide those of its group."""
    return float(limit) if math.isfinite(np.minimum.reduce(minima)) else -math.inf
