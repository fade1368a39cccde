"""Dense layers: one of random weights, which is a random projection, and one trained on labels."""

from dataclasses import dataclass

import numpy as np

from ingest.embedding.linalg.arrays import Float32Array, normalize_rows
from ingest.embedding.linalg.matmul import matmul


@dataclass(frozen=True)
class RandomDense:
    """relu(features @ kernel + bias), whose weights are never trained."""

    kernel: Float32Array
    bias: Float32Array

    @classmethod
    def draw(cls, features: int, dim: int, seed: int) -> "RandomDense":
        """Return a layer as Keras initializes it: Glorot-uniform weights, zero biases.

        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
        """
        limit = np.sqrt(6 / (features + dim))
        # NumPy guarantees the stream of RandomState, so a seed gives the same layer with every version.
        kernel = np.random.RandomState(seed).uniform(-limit, limit, (features, dim))
        return cls(kernel.astype(np.float32), np.zeros(dim, np.float32))

    def __call__(self, features: Float32Array) -> Float32Array:
        """Return the vectors of features."""
        vectors: Float32Array = np.maximum(matmul(features, self.kernel) + self.bias, np.float32(0))
        return vectors

    @staticmethod
    def shapes(features: int, dim: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter."""
        return {"kernel": (features, dim), "bias": (dim,)}


@dataclass(frozen=True)
class TrainedDense:
    """features @ kernel + bias, scaled to length 1; `ingest/embedding/training/` trains it on labels."""

    kernel: Float32Array
    bias: Float32Array

    def __call__(self, features: Float32Array) -> Float32Array:
        """Return the vectors of features."""
        return normalize_rows(matmul(features, self.kernel) + self.bias)

    @staticmethod
    def shapes(features: int, dim: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter."""
        return {"kernel": (features, dim), "bias": (dim,)}
