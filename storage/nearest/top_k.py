"""Find the k smallest of very many numbers in one pass at the speed of memory."""

import math

import numpy as np
from numpy.typing import NDArray

#: Numbers in a group, of which only the minimum is compared at first.
_GROUP = 32

#: Groups for each of the k numbers from which grouping pays.
_GROUPS_PER_RESULT = 16


def smallest(values: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], float]:
    """Return indices of `values`, (n,), among them the k smallest, and a threshold that all other values exceed.

    1 <= k <= n. More than k indices come back where values are equal, and sometimes a few more. With NaN or minus
    infinity among the values nothing is known: the threshold is minus infinity.

    `np.argpartition(values, k - 1)[:k]` takes as long as a matrix-vector product. Here the values are a table of
    `_GROUP` rows, and each column is a group. The k-th smallest of the groups' minima is at least the k-th smallest
    value, so every value as small lies in a group whose minimum is no larger.
    """
    groups = len(values) // _GROUP
    if groups < _GROUPS_PER_RESULT * k:
        threshold = _kth_smallest(values, k)
        return (values <= threshold).nonzero()[0], _trusted(threshold, values)
    table = values[: groups * _GROUP].reshape(_GROUP, groups)
    minima = np.minimum.reduce(table, axis=0)
    threshold = _kth_smallest(minima, k)
    columns = (minima <= threshold).nonzero()[0]
    rows, chosen = (table.take(columns, axis=1) <= threshold).nonzero()
    indices = rows * groups + columns[chosen]
    ungrouped = values[groups * _GROUP :]
    if len(ungrouped):
        indices = np.concatenate((indices, (~(ungrouped > threshold)).nonzero()[0] + groups * _GROUP))
    return indices, _trusted(threshold, minima)


def _kth_smallest(values: NDArray[np.float32], k: int) -> np.float32:
    ordered = values.copy()
    ordered.partition(k - 1)
    value: np.float32 = ordered[k - 1]
    return value


def _trusted(threshold: np.float32, minima: NDArray[np.float32]) -> float:
    """Return the threshold, or minus infinity when a minimum is NaN or infinite: NaN hides the others of its group."""
    return float(threshold) if math.isfinite(np.minimum.reduce(minima)) else -math.inf
