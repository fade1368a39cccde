"""The protocol of a head, the last step from features to a vector, and the head that does nothing."""

from dataclasses import dataclass
from typing import Protocol

from ingest.embedding.linalg.arrays import Float32Array


class Head(Protocol):
    """Turns features, (n, d) float32, into vectors, (n, dim) float32; a dataclass whose fields are its parameters."""

    def __call__(self, features: Float32Array) -> Float32Array:
        """Return the vectors of features."""
        ...


@dataclass(frozen=True)
class Identity:
    """No head: the features are the vectors."""

    def __call__(self, features: Float32Array) -> Float32Array:
        """Return the features."""
        return features

    @staticmethod
    def shapes(_features: int, _dim: int) -> dict[str, tuple[int, ...]]:
        """Return nothing: there is no parameter."""
        return {}


def head_arrays(head: Head) -> dict[str, Float32Array]:
    """Return a head's parameters by name."""
    return dict(vars(head))
