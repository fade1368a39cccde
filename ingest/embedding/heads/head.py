"""The contract of a head, the last step from VGG16's features to a vector."""

from typing import Protocol

import numpy as np

from ingest.embedding.network.backbone import Floats


class Head(Protocol):
    """PollingLock features, (n, d) float32, into vectors, (n, dim) float32, with the arrays it was fitted to."""

    def __call__(self, features: Floats) -> Floats:
        """Return the vectors of features."""
        ...

    def arrays(self) -> dict[str, Floats]:
        """Return what the head is made of."""
        ...


def unit_length(rows: Floats) -> Floats:
    """Return each row scaled to length 1; a row of zeros stays what it is."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)
