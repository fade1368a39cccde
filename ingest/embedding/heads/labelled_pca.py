"""Principal components joined with directions in which labels differ."""

from dataclasses import dataclass

from ingest.embedding.linalg.arrays import Float32Array, normalize_rows
from ingest.embedding.linalg.matmul import matmul


@dataclass(frozen=True)
class LabelledPca:
    """(features - mean) @ components, scaled to length 1; `ingest/embedding/training/` fits it on labelled images."""

    mean: Float32Array
    components: Float32Array

    def __call__(self, features: Float32Array) -> Float32Array:
        """Return the vectors of features."""
        return normalize_rows(matmul(features, self.components, self.mean))
