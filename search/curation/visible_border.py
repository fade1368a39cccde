"""Tell which picture of a pair of copies has a border around it that the other has not.

A border is of one colour and can be seen where the picture ends. One of the colour of a drawing's ground is none: it
cannot be told from a margin that was cut off the other.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from search.curation.alignment import Matrix, in_pixels
from search.curation.prepared_picture import Picture, Pixels
from search.curation.second_look import Look

#: Levels up to which pixels are of one colour, and the share of a border's pixels that are.
_LEVELS = 24.0
_EVEN = 0.98

#: The least share of a picture that a border covers, and of the pixels along it that are of other colours.
_LEAST_BORDER = 0.03
_VISIBLE = 0.5


def bordered(first: Picture, second: Picture, seen: Look) -> tuple[bool, bool]:
    """Return for either picture of a pair whether it has a border around the other."""
    other = np.ascontiguousarray(second.pixels[:, ::-1]) if seen.transform.mirrored else second.pixels
    to_first = in_pixels(seen.transform.matrix, first.unit, second.unit)
    if abs(np.linalg.det(to_first[:, :2])) < 1e-6:
        return False, False
    to_second = np.asarray(cv2.invertAffineTransform(to_first), np.float64)
    return _is_around(first.pixels, other, to_first), _is_around(other, first.pixels, to_second)


def _is_around(outer: Pixels, inner: Pixels, to_outer: Matrix) -> bool:
    """Return whether all of a picture that lies around another is a border."""
    height, width = outer.shape[:2]
    covered = cv2.warpAffine(np.ones(inner.shape[:2], np.float32), to_outer, (width, height)) > 0.5
    outside = ~_wider(covered, 5)
    if outside.mean() < _LEAST_BORDER or not covered.any():
        return False
    colour = np.median(outer[outside], axis=0)
    is_other = np.abs(outer - colour).max(axis=2) > _LEVELS
    along = covered & _wider(~covered, 5)
    return bool((~is_other[outside]).mean() >= _EVEN and is_other[along].mean() >= _VISIBLE)


def _wider(mask: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    return cv2.dilate(mask.astype(np.uint8), np.ones((size, size), np.uint8)) > 0
