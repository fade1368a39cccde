"""A head with a hidden layer, trained on the labels of many images."""

from dataclasses import dataclass

import numpy as np

from ingest.embedding.heads.dense import TrainedDense
from ingest.embedding.linalg.arrays import Float32Array, normalize_rows
from ingest.embedding.linalg.matmul import matmul

#: Units of the hidden layer.
HIDDEN = 512


@dataclass(frozen=True)
class TrainedPerceptron:
    """relu(features @ hidden_kernel + hidden_bias) @ kernel + bias, scaled to length 1."""

    hidden_kernel: Float32Array
    hidden_bias: Float32Array
    kernel: Float32Array
    bias: Float32Array

    def __call__(self, features: Float32Array) -> Float32Array:
        """Return the vectors of features."""
        hidden = np.maximum(matmul(features, self.hidden_kernel) + self.hidden_bias, np.float32(0))
        return normalize_rows(matmul(hidden, self.kernel) + self.bias)

    @staticmethod
    def shapes(features: int, dim: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter."""
        return {"hidden_kernel": (features, HIDDEN), "hidden_bias": (HIDDEN,), "kernel": (HIDDEN, dim), "bias": (dim,)}


#: A head that `ingest/embedding/training/` trains.
TrainedHead = TrainedDense | TrainedPerceptron
