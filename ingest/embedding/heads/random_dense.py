"""A dense layer that is never trained, and so a random projection."""

from dataclasses import dataclass

import numpy as np

from ingest.embedding.linalg.matmul import in_blocks
from ingest.embedding.network.backbone import Floats


@dataclass(frozen=True)
class Dense:
    """relu(features @ kernel + bias)."""

    kernel: Floats
    bias: Floats

    def __call__(self, features: Floats) -> Floats:
        """Return the vectors of features."""
        vectors: Floats = np.maximum(in_blocks(features, self.kernel) + self.bias, np.float32(0))
        return vectors

    def arrays(self) -> dict[str, Floats]:
        """Return what the head is made of."""
        return {"kernel": self.kernel, "bias": self.bias}


def random_dense(features: int, dim: int, seed: int) -> Dense:
    """Return a layer as Keras makes it and nobody trains it: Glorot-uniform weights, zero biases.

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    limit = np.sqrt(6 / (features + dim))
    # RandomState's stream is frozen by NumPy, so a seed means the same layer for ever.
    kernel = np.random.RandomState(seed).uniform(-limit, limit, (features, dim))
    return Dense(kernel.astype(np.float32), np.zeros(dim, np.float32))
