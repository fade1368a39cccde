"""A sample of items in which each label has the share that it has in all."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def stratified_sample(labels: Sequence[str | None], max_items: int) -> NDArray[np.int64]:
    """Return the positions of all items, ascending, or of a sample with each label's share of them; deterministic."""
    if len(labels) <= max_items:
        return np.arange(len(labels))
    by_label = np.argsort(np.array(labels, object).astype(str), kind="stable")
    sample: NDArray[np.int64] = np.sort(by_label[np.linspace(0, len(labels) - 1, max_items).astype(np.int64)])
    return sample
