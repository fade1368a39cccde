"""The contract of a backbone, the network that computes the features of images."""

from typing import Protocol

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.precision import Precision


class Backbone(Protocol):
    """A network that computes full batches only, so that a row's bits do not depend on the size of its batch."""

    @property
    def batch_size(self) -> int:
        """Return the number of images of every batch."""
        ...

    @property
    def digest(self) -> str:
        """Return the digest of the weights."""
        ...

    @property
    def origin(self) -> str:
        """Return where the weights came from, for people to read."""
        ...

    @property
    def precision(self) -> Precision:
        """Return the precision that it computes in."""
        ...

    def features(self, images: Float32Array) -> Float32Array:
        """Return the features, (batch_size, d) float32, of images, (batch_size, side, side, 3) float32 in 0..1."""
        ...
