"""What a store remembers of how its vectors were made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import OtherEmbedding


@dataclass(frozen=True)
class Embedding:
    """The way from an image to a vector, as far as a store needs to know it.

    `fingerprint` is equal exactly when two vectors may be compared; `spec` is JSON that describes the way for
    people and lets `ingest` build it again; `arrays` holds what was fitted. Storage compares the fingerprint
    and keeps the rest without looking into it.
    """

    dim: int
    fingerprint: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return a short name for messages: the recipe's, the imported model's, or the fingerprint's start."""
        recipe = self.spec.get("recipe")
        name = recipe.get("name") if isinstance(recipe, Mapping) else self.spec.get("imported")
        return str(name) if name else f"embedding {self.fingerprint[:12]}"

    def require_same(self, other: "Embedding") -> None:
        """Raise OtherEmbedding unless vectors made by `other` may be compared with this one's."""
        if other.fingerprint != self.fingerprint:
            raise OtherEmbedding(
                f"expected vectors of the store's embedding ({self.name}, {self.dim} dimensions, "
                f"fingerprint {self.fingerprint[:12]}), got {other.name}, {other.dim} dimensions, "
                f"fingerprint {other.fingerprint[:12]}: use the store's recipe and weights, or another store"
            )
