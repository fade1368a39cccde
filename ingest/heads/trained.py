"""A dense layer that was trained on labels; its training is in `ingest/training/`."""

from dataclasses import dataclass

from ingest.backbone import Floats
from ingest.heads.contract import unit_length
from ingest.products import in_blocks


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
