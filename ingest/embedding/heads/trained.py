"""A dense layer that was trained on labels; its training is in `ingest/embedding/training/`."""

from dataclasses import dataclass

from ingest.embedding.heads.head import unit_length
from ingest.embedding.linalg.matmul import in_blocks
from ingest.embedding.network.backbone import Floats


@dataclass(frozen=True)
class Trained:
    """features @ kernel + bias, scaled to length 1."""

    kernel: Floats
    bias: Floats

    def __call__(self, features: Floats) -> Floats:
        """Return the vectors of features."""
        return unit_length(in_blocks(features, self.kernel) + self.bias)

    def arrays(self) -> dict[str, Floats]:
        """Return what the head is made of."""
        return {"kernel": self.kernel, "bias": self.bias}
