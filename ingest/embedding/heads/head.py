"""The contract of a head, the last step from features to a vector."""

from typing import Protocol

from ingest.embedding.linalg.arrays import Float32Array


class Head(Protocol):
    """Turns features, (n, d) float32, into vectors, (n, dim) float32."""

    def __call__(self, features: Float32Array) -> Float32Array:
        """Return the vectors of features."""
        ...

    def arrays(self) -> dict[str, Float32Array]:
        """Return the head's parameters by name."""
        ...
