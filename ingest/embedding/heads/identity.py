"""No head: the features are the vectors."""

from dataclasses import dataclass

from ingest.embedding.network.backbone import Floats


@dataclass(frozen=True)
class Bare:
    """Leaves features as they are."""

    def __call__(self, features: Floats) -> Floats:
        """Return the features."""
        return features

    def arrays(self) -> dict[str, Floats]:
        """Return nothing, which is what the head is made of."""
        return {}
