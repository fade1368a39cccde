"""Copies of a picture as they come about: encoded again, resized, slightly cropped."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from ingest.images.images import Image

#: What most programs take when they are told nothing.
_JPEG_QUALITY = 75

_RESIZED = 3 / 4

#: What is cut off at each side, at least a pixel.
_CROPPED = 1 / 40


def reencoded(image: Image) -> Image:
    """Return a picture after it was a JPEG."""
    encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    shape = cv2.IMREAD_GRAYSCALE if image.ndim == 2 else cv2.IMREAD_COLOR
    decoded = cv2.imdecode(data, shape) if encoded else None
    # OpenCV encodes whatever has pixels; the channels' order is the same on the way out and in.
    return image if decoded is None else np.asarray(decoded, np.uint8)


def resized(image: Image) -> Image:
    """Return a picture at three quarters of its height and width."""
    height, width = (max(1, round(side * _RESIZED)) for side in image.shape[:2])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def cropped(image: Image) -> Image:
    """Return a picture without a fortieth, or a pixel, at each of its sides; one of two pixels or less as it is."""
    down, across = (max(1, round(side * _CROPPED)) if side > 2 else 0 for side in image.shape[:2])
    height, width = image.shape[:2]
    return image[down : height - down, across : width - across]


#: The kinds of copies, by name.
KINDS: Mapping[str, Callable[[Image], Image]] = {"re-encoded": reencoded, "resized": resized, "cropped": cropped}
