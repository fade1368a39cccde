"""Pictures with enough structure to be told apart, and copies of them."""

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def scene(seed: int, height: int = 150, width: int = 200) -> Image:
    """Return a colour picture of discs and boxes on a slope of colours."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(60, 196, (2, 2, 3)).astype(np.float32)
    picture = np.clip(cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR), 0, 255).astype(np.uint8)
    for _ in range(30):
        x, y = (int(rng.integers(side)) for side in (width, height))
        size, colour = int(rng.integers(5, 26)), tuple(int(level) for level in rng.integers(0, 256, 3))
        if rng.random() < 0.5:
            cv2.circle(picture, (x, y), size, colour, -1)
        else:
            cv2.rectangle(picture, (x, y), (x + size, y + size // 2), colour, -1)
    return picture


def turned(image: Image, degrees: float) -> Image:
    """Return an image turned about its centre, its size unchanged."""
    height, width = image.shape[:2]
    rotation = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(image, rotation, (width, height)), np.uint8)


def resized(image: Image, width: int, height: int) -> Image:
    """Return an image of another size."""
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
