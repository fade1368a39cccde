"""The part of a picture that is within a border of one colour, and a small grey picture of a part."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image

#: Levels up to which a pixel at a picture's edge belongs to a border of one colour.
_BORDER_LEVELS = 12

#: Left, top, right and bottom in pixels.
Frame = tuple[int, int, int, int]


def content_frame(pixels: Image) -> Frame:
    """Return the part of a picture, (h, w, 3), within a border of one colour, all of it if nothing else is there."""
    height, width = pixels.shape[:2]
    differs = np.abs(pixels.astype(np.int16) - pixels[0, 0].astype(np.int16)).max(axis=2) > _BORDER_LEVELS
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not len(rows) or len(rows) < height // 8 or len(columns) < width // 8:
        return 0, 0, width, height
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def normalised(grey: NDArray[np.float32], frame: Frame, side: int) -> NDArray[np.float32]:
    """Return a part of a grey picture as (side, side), of mean 0 and length 1, of 0 if it is of one grey."""
    left, top, right, bottom = frame
    small = cv2.resize(grey[top:bottom, left:right], (side, side), interpolation=cv2.INTER_AREA)
    centred = small - small.mean()
    return np.asarray(centred / max(1e-3, float(np.linalg.norm(centred))), np.float32)
