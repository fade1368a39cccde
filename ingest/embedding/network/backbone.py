"""The protocol of a backbone, the network that computes the features of images."""

from typing import Protocol

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.precision import Precision


class Backbone(Protocol):
    """A network that computes full batches only, so that a row's bits do not depend on the size of its batch.

    `batch_size` is the number of images of every batch, `digest` identifies the weights, `origin` tells people where
    they came from, and `precision` is that of the computation.
    """

    batch_size: int
    digest: str
    origin: str
    precision: Precision

    def features(self, images: Float32Array) -> Float32Array:
        """Return the features, (batch_size, d) float32, of images, (batch_size, side, side, 3) float32 in 0..1."""
        ...
