"""Small stand-ins whose answers are known by hand: a backbone that sees grey levels, and images made of one level.

An image of one grey level v has the features (v, v, v, v) / 255, and the toy recipe's head only turns and shifts
them, so two such images lie 2 |v - w| / 255 apart.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.backbone import Floats, MakeBackbone
from ingest.precision import Precision
from ingest.recipes import Recipe
from ingest.sources import ListedSource, SourceImage

TOY = Recipe("toy", side=4, interpolation="area", layer="quadrants", unit_length=False, head="pca", dim=4)


class ToyBackbone:
    """The mean grey level of each quadrant; counts the images it was asked to compute."""

    batch_size = 8
    origin = "a toy"
    precision: Precision = "float32"

    def __init__(self, digest: str = "toy weights") -> None:
        self.digest = digest
        self.batches = 0

    def features(self, images: Floats) -> Floats:
        if images.shape != (self.batch_size, 4, 4, 3):
            raise ValueError(f"expected a full batch, got {images.shape}")
        self.batches += 1
        quadrants = images.reshape(-1, 2, 2, 2, 2, 3).mean(axis=(2, 4, 5))
        return np.asarray(quadrants.reshape(-1, 4), np.float32)


def toy_backbone(backbone: ToyBackbone | None = None) -> MakeBackbone:
    """Return what makes the toy backbone, whatever the recipe."""
    return lambda _, __="auto": backbone or ToyBackbone()


def grey(level: int, side: int = 8) -> NDArray[np.uint8]:
    """Return a square image of one grey level."""
    return np.full((side, side), level, np.uint8)


def png(image: NDArray[np.uint8]) -> bytes:
    """Return an image, (h, w) in grey or (h, w, 3) in RGB, as the bytes of a PNG file."""
    encoded, data = cv2.imencode(".png", image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not encoded:
        raise ValueError(f"cannot encode an image of shape {image.shape}")
    return data.tobytes()


def grey_source(levels: dict[str, int], labels: dict[str, str] | None = None) -> ListedSource:
    """Return a source of one-level images by key."""
    known = labels or {}
    images = [
        SourceImage(key, lambda level=level: grey(level), known.get(key))  # type: ignore[misc]
        for key, level in levels.items()
    ]
    return ListedSource("greys", images)
