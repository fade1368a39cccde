"""The pixel difference of two images, either of which may be a slight crop of the other."""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image

#: Images are compared at 32 x 32 pixels.
_SIDE = 32

#: Shares of the height or width that may be cut off at each side.
_MARGINS = (0.0, 0.04, 0.08)

GreyPixels = NDArray[np.float32]


@dataclass(frozen=True)
class Comparable:
    """An image in grey, 0 to 255: `full` (1024,) float32, and `crops` (81, 1024), one for each choice of margins."""

    full: GreyPixels
    crops: GreyPixels


def comparable(image: Image) -> Comparable:
    """Return an image, of any size, prepared for `pixel_difference`."""
    grey = image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    pixels = grey.astype(np.float32)
    crops = [_shrink(_crop(pixels, *margins)) for margins in product(_MARGINS, repeat=4)]
    return Comparable(_shrink(pixels), np.array(crops, np.float32))


def pixel_difference(a: Comparable, b: Comparable) -> float:
    """Return the root mean squared difference, in grey levels, at the best-fitting crop of either image."""
    squared = (np.square(a.crops - b.full).mean(axis=1).min(), np.square(b.crops - a.full).mean(axis=1).min())
    return float(np.sqrt(min(squared)))


def _crop(pixels: GreyPixels, top: float, bottom: float, left: float, right: float) -> GreyPixels:
    height, width = pixels.shape
    return pixels[
        round(top * height) : height - round(bottom * height), round(left * width) : width - round(right * width)
    ]


def _shrink(pixels: GreyPixels) -> GreyPixels:
    method = cv2.INTER_AREA if min(pixels.shape) >= _SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (_SIDE, _SIDE), interpolation=method), np.float32).ravel()
