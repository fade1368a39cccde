"""Perturbations of an image that leave it a duplicate: re-encoding, resizing, slight cropping."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from ingest.images.images import Image

#: The default quality of most programs.
_JPEG_QUALITY = 75

_SCALE = 3 / 4

#: Share of the height or width that is cut off at each side, but at least one pixel.
_MARGIN = 1 / 40


def reencode(image: Image, quality: int = _JPEG_QUALITY) -> Image:
    """Return the image after JPEG compression at a quality, 1 to 100."""
    encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    flag = cv2.IMREAD_GRAYSCALE if image.ndim == 2 else cv2.IMREAD_COLOR
    decoded = cv2.imdecode(data, flag) if encoded else None
    # OpenCV can encode any image that has pixels, and reverses the channels both ways, so that RGB stays RGB.
    return image if decoded is None else np.asarray(decoded, np.uint8)


def resize(image: Image) -> Image:
    """Return the image at three quarters of its height and width."""
    height, width = (max(1, round(side * _SCALE)) for side in image.shape[:2])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def crop(image: Image) -> Image:
    """Return the image without a fortieth, at least a pixel, at each side; a side of one or two pixels is not cut."""
    y, x = (max(1, round(side * _MARGIN)) if side > 2 else 0 for side in image.shape[:2])
    height, width = image.shape[:2]
    return image[y : height - y, x : width - x]


PERTURBATIONS: Mapping[str, Callable[[Image], Image]] = {"re-encoded": reencode, "resized": resize, "cropped": crop}
