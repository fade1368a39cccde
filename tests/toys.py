"""Small substitutes with results known by hand: a backbone of mean grey levels, and images of one grey level.

An image of one grey level v has the features (v, v, v, v) / 255, and the toy recipe's head only rotates and shifts
them, so the distance of two such images is 2 |v - w| / 255.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.network.precision import Precision
from ingest.embedding.recipes import Recipe
from ingest.sources import InMemorySource, SourceImage

TOY = Recipe("toy", side=4, interpolation="area", layer="quadrants", unit_length=False, head="pca", dim=4)

#: The same as a recipe that VGG16 can carry out, so that a job with it gets as far as finding weights.
VGG16_TOY = replace(TOY, side=32, layer="block5_pool")


class ToyBackbone:
    """The mean grey level of each quadrant; counts the batches that it computes."""

    batch_size = 8
    origin = "a toy"
    precision: Precision = "float32"

    def __init__(self, digest: str = "toy weights", side: int = TOY.side) -> None:
        self.digest = digest
        self.side = side
        self._computed: list[int] = []

    @property
    def batches(self) -> int:
        """Return the number of batches computed, in all threads."""
        return len(self._computed)

    def features(self, images: Float32Array) -> Float32Array:
        if images.shape != (self.batch_size, self.side, self.side, 3):
            raise ValueError(f"expected a full batch, got {images.shape}")
        self._computed.append(len(images))
        half = self.side // 2
        quadrants = images.reshape(-1, 2, half, 2, half, 3).mean(axis=(2, 4, 5))
        return np.asarray(quadrants.reshape(-1, 4), np.float32)


def toy_backbone(backbone: ToyBackbone | None = None) -> BackboneFactory:
    """Return a factory of toy backbones of the recipe's side, or of the given one for every recipe."""
    return lambda recipe, _="auto": backbone or ToyBackbone(side=recipe.side)


def grey(level: int, side: int = 8) -> NDArray[np.uint8]:
    """Return a square image of one grey level."""
    return np.full((side, side), level, np.uint8)


def noise(*shape: int, seed: int = 1) -> NDArray[np.uint8]:
    """Return random pixel values of a shape."""
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def png(image: NDArray[np.uint8]) -> bytes:
    """Return an image, (h, w) in grey or (h, w, 3) in RGB, as the bytes of a PNG file."""
    encoded, data = cv2.imencode(".png", image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not encoded:
        raise ValueError(f"cannot encode an image of shape {image.shape}")
    return data.tobytes()


def write_greys(folder: Path, levels: Mapping[str, int]) -> Path:
    """Write a PNG file of one grey level for each path below a folder, and return the folder."""
    for name, level in levels.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(grey(level)))
    return folder


def grey_source(levels: dict[str, int], labels: dict[str, str] | None = None) -> InMemorySource:
    """Return a source of one-level images by key."""
    labels = labels or {}
    images = [
        SourceImage(key, lambda level=level: grey(level), labels.get(key))  # type: ignore[misc]
        for key, level in levels.items()
    ]
    return InMemorySource("greys", images)
