"""How a store's vectors are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import OtherEmbedding


@dataclass(frozen=True)
class Embedding:
    """How an image is turned into a vector.

    Vectors may be compared if and only if their embeddings' `fingerprint` is equal. `spec` is JSON that describes the
    embedding, from which `ingest` can rebuild it; `arrays` has its fitted arrays. Storage compares fingerprints and
    does not interpret the rest.
    """

    dim: int
    fingerprint: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return a short name for messages: of the recipe or the imported model, or the start of the fingerprint."""
        recipe = self.spec.get("recipe")
        name = recipe.get("name") if isinstance(recipe, Mapping) else self.spec.get("imported")
        return str(name) if name else f"embedding {self.fingerprint[:12]}"

    def require_same(self, other: "Embedding") -> None:
        """Raise OtherEmbedding unless vectors of `other` may be compared with vectors of this embedding."""
        if other.fingerprint != self.fingerprint:
            raise OtherEmbedding(
                f"expected vectors of the store's embedding ({self.name}, {self.dim} dimensions, "
                f"fingerprint {self.fingerprint[:12]}), got {other.name}, {other.dim} dimensions, "
                f"fingerprint {other.fingerprint[:12]}: use the store's recipe and weights, or another store"
            )
