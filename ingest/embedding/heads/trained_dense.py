"""A dense layer that was trained on labels, by `ingest/embedding/training/`."""

from dataclasses import dataclass

from ingest.embedding.linalg.arrays import Float32Array, normalize_rows
from ingest.embedding.linalg.matmul import matmul


@dataclass(frozen=True)
class TrainedDense:
    """features @ kernel + bias, scaled to length 1."""

    kernel: Float32Array
    bias: Float32Array

    def __call__(self, features: Float32Array) -> Float32Array:
        """Return the vectors of features."""
        return normalize_rows(matmul(features, self.kernel) + self.bias)

    def arrays(self) -> dict[str, Float32Array]:
        """Return the layer's parameters by name."""
        return {"kernel": self.kernel, "bias": self.bias}
