"""No head: the features are the vectors."""

from dataclasses import dataclass

from ingest.embedding.linalg.arrays import Float32Array


@dataclass(frozen=True)
class Identity:
    """The features, unchanged."""

    def __call__(self, features: Float32Array) -> Float32Array:
        """Return the features."""
        return features

    def arrays(self) -> dict[str, Float32Array]:
        """Return no parameters."""
        return {}
