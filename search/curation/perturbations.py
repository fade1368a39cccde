"""Ten kinds of copies of an image, such as people make: what a search for duplicates is to find."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from ingest.images.images import Image

#: Below the default of most programs, as messengers and web sites use it.
_JPEG_QUALITY = 45

_SCALE = 1 / 2

#: Share of the height or width that is cut off at each side, at least one pixel, and that of a border.
_MARGIN = 1 / 20
_BORDER = 1 / 12

#: Degrees.
_TURN = 5

#: Of OpenCV's 180 steps of hue.
_HUE = 40

_BRIGHTER = 1.3


def reencode(image: Image, quality: int = _JPEG_QUALITY) -> Image:
    """Return the image after JPEG compression at a quality, 1 to 100."""
    encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    flag = cv2.IMREAD_GRAYSCALE if image.ndim == 2 else cv2.IMREAD_COLOR
    decoded = cv2.imdecode(data, flag) if encoded else None
    # OpenCV can encode any image that has pixels, and reverses the channels both ways, so that RGB stays RGB.
    return image if decoded is None else np.asarray(decoded, np.uint8)


def resize(image: Image) -> Image:
    """Return the image at half its height and width."""
    height, width = (max(1, round(side * _SCALE)) for side in image.shape[:2])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def crop(image: Image) -> Image:
    """Return the image without a twentieth, at least a pixel, at each side; a side of one or two pixels is not cut."""
    y, x = (max(1, round(side * _MARGIN)) if side > 2 else 0 for side in image.shape[:2])
    height, width = image.shape[:2]
    return image[y : height - y, x : width - x]


def turn(image: Image) -> Image:
    """Return the image turned by five degrees about its centre, its size unchanged, with white corners."""
    height, width = image.shape[:2]
    rotation = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), _TURN, 1)
    return np.asarray(cv2.warpAffine(image, rotation, (width, height), borderValue=(255, 255, 255)), np.uint8)


def mirror(image: Image) -> Image:
    """Return the image with left and right exchanged."""
    return np.ascontiguousarray(image[:, ::-1])


def recolour(image: Image) -> Image:
    """Return the image with other hues; one in grey is darkened."""
    if image.ndim == 2:
        return np.asarray(image // 2, np.uint8)
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    hsv[:, :, 0] = (hsv[:, :, 0].astype(np.int16) + _HUE) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def write_across(image: Image) -> Image:
    """Return the image with a line of letters across it, of the colour that differs most from its mean."""
    height, width = image.shape[:2]
    text, font, thickness = "PREVIEW", cv2.FONT_HERSHEY_SIMPLEX, max(1, width // 110)
    (text_width, _), _ = cv2.getTextSize(text, font, 1, thickness)
    level = 0 if image.mean() > 127 else 255
    start, scale = (width // 10, height * 6 // 10), 0.8 * width / text_width
    return np.asarray(cv2.putText(image.copy(), text, start, font, scale, (level,) * 3, thickness), np.uint8)


def add_border(image: Image) -> Image:
    """Return the image with a black border of a twelfth of its longer side, at least a pixel."""
    border = max(1, round(max(image.shape[:2]) * _BORDER))
    return np.pad(image, [(border, border), (border, border), (0, 0)][: image.ndim])


def remove_colour(image: Image) -> Image:
    """Return the image in grey."""
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def brighten(image: Image) -> Image:
    """Return the image three tenths brighter."""
    return np.asarray(np.clip(np.rint(image * _BRIGHTER), 0, 255), np.uint8)


PERTURBATIONS: Mapping[str, Callable[[Image], Image]] = {
    "re-encoded": reencode,
    "resized": resize,
    "cropped": crop,
    "turned": turn,
    "mirrored": mirror,
    "recoloured": recolour,
    "written across": write_across,
    "bordered": add_border,
    "grey": remove_colour,
    "brighter": brighten,
}
