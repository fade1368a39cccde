"""Convert the values that OpenCV decodes to 8-bit RGB: scaled, on white, turned upright."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.images.formats.image_format import Alpha, EncodedImage

#: Pixels converted at a time, which bounds the memory of intermediate arrays.
_BAND_PIXELS = 1 << 18

_WHITE = 255


def to_rgb(values: NDArray[Any], encoded: EncodedImage) -> NDArray[np.uint8]:
    """Return decoded values as an upright image, (h, w, 3) RGB.

    `values` are (h, w, 3) uint8 in RGB for a plain image; for one decoded unchanged (h, w) in grey, (h, w, 3) in BGR or
    (h, w, 4) in BGRA, of uint8 or uint16.
    """
    return turn_upright(_flatten(values, encoded) if encoded.unchanged else values, encoded.orientation)


def turn_upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return an image turned upright from its EXIF orientation, 1 to 8."""
    if orientation in (5, 7):
        image = np.asarray(cv2.transpose(image), np.uint8)
    if orientation in (2, 4):
        return np.asarray(cv2.flip(image, 1 if orientation == 2 else 0), np.uint8)
    rotation = {
        3: cv2.ROTATE_180,
        6: cv2.ROTATE_90_CLOCKWISE,
        7: cv2.ROTATE_180,
        8: cv2.ROTATE_90_COUNTERCLOCKWISE,
    }.get(orientation)
    return image if rotation is None else np.asarray(cv2.rotate(image, rotation), np.uint8)


def _flatten(values: NDArray[Any], encoded: EncodedImage) -> NDArray[np.uint8]:
    """Return unchanged values as opaque 8-bit RGB, a band of rows at a time."""
    height, width = values.shape[:2]
    rgb = np.empty((height, width, 3), np.uint8)
    table = _to_8_bits(values.dtype, encoded.white, encoded.inverted)
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        band = values[top : top + rows]
        scaled = cv2.LUT(band, table)
        if encoded.transparent_grey is not None:
            scaled[band == encoded.transparent_grey] = _WHITE
        rgb[top : top + rows] = _on_white(np.asarray(scaled, np.uint8), encoded.alpha)
    return rgb


@lru_cache(maxsize=4)
def _to_8_bits(dtype: np.dtype[Any], white: int, inverted: bool) -> NDArray[np.uint8]:
    """Return the lookup table from decoded to 8-bit values, rounded to the nearest; values above white are white."""
    shares = np.clip(np.arange(np.iinfo(dtype).max + 1) / white, 0, 1)
    return np.rint((1 - shares if inverted else shares) * _WHITE).astype(np.uint8)


def _on_white(band: NDArray[np.uint8], alpha: Alpha) -> NDArray[Any]:
    """Return 8-bit grey, BGR or BGRA as RGB, blended with white by its alpha."""
    if band.ndim == 2:
        return cv2.cvtColor(band, cv2.COLOR_GRAY2RGB)
    if band.shape[2] == 3 or alpha is Alpha.IGNORED:
        return band[:, :, 2::-1]
    blue, green, red, opacity = cv2.split(band)
    white = cv2.bitwise_not(opacity)
    if alpha is Alpha.STRAIGHT:
        red, green, blue = (cv2.multiply(colour, opacity, scale=1 / _WHITE) for colour in (red, green, blue))
    return cv2.merge([cv2.add(colour, white) for colour in (red, green, blue)])
