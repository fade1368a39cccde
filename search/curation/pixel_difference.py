"""How unlike two pictures are, pixel by pixel, when one may be the other's with a little cut off at its sides."""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image

#: The side, in pixels, to which pictures are brought.
_SIDE = 32

#: What may be cut off at each side, as parts of a picture's height or width.
_CUTS = (0.0, 0.04, 0.08)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Pixels:
    """A picture in grey, (1024,) float32 in 0..255, and the same with all combinations of cuts, (81, 1024)."""

    whole: Floats
    cut: Floats


def pixels_of(image: Image) -> Pixels:
    """Return what two pictures are compared by, whatever their sizes."""
    grey = image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    wide = grey.astype(np.float32)
    cut = [_small(_without(wide, top, bottom, left, right)) for top, bottom, left, right in product(_CUTS, repeat=4)]
    return Pixels(_small(wide), np.array(cut, np.float32))


def difference(one: Pixels, other: Pixels) -> float:
    """Return the root of the mean squared difference of two pictures, in grey levels, as they fit together best."""
    squared = (np.square(one.cut - other.whole).mean(axis=1).min(), np.square(other.cut - one.whole).mean(axis=1).min())
    return float(np.sqrt(min(squared)))


def _without(image: Floats, top: float, bottom: float, left: float, right: float) -> Floats:
    height, width = image.shape
    return image[
        round(top * height) : height - round(bottom * height), round(left * width) : width - round(right * width)
    ]


def _small(image: Floats) -> Floats:
    method = cv2.INTER_AREA if min(image.shape) >= _SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (_SIDE, _SIDE), interpolation=method), np.float32).ravel()
