"""Images: one way to decode, scale and shrink them, for ingest and query alike.

An image is a uint8 array, (h, w) in grey or (h, w, 3) in RGB.
"""

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.errors import UnreadableImage
from ingest.images.decoding import PIXEL_LIMIT, decode_image
from ingest.images.formats import KINDS, Refused
from storage.console import printable

Image = NDArray[np.uint8]

#: How many bytes an image file may have: enough for the most pixels, of four 16-bit samples, uncompressed.
FILE_LIMIT = 1 << 30

#: The longer side of a thumbnail, in pixels; smaller images are kept as they are.
THUMBNAIL_SIDE = 96

#: Of so few bytes a thumbnail's pixels are stored as they are: to begin a compression takes three times as long as all
#: the rest, and to look for the filter that would help it as long again, and there is little to gain.
_FEW_BYTES = 4096
_AS_THEY_ARE = (cv2.IMWRITE_PNG_COMPRESSION, 0, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE)

#: How images are shrunk or enlarged. Averaging (area) keeps fine texture from turning into noise when shrinking.
INTERPOLATIONS = {"linear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA}


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes; raise UnreadableImage when it is no file, too large, or cannot be read."""
    name = printable(str(path))
    try:
        if not path.is_file():
            raise UnreadableImage(f"expected an image file, got {name}, which is not a file: name an image")
        if (size := path.stat().st_size) > FILE_LIMIT:
            raise UnreadableImage(f"expected an image file of at most {FILE_LIMIT} bytes, got {name}: {size} bytes")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableImage(f"expected a readable image file, got {name}: {error.strerror}") from error


def decode(data: bytes, name: str, pixel_limit: int = PIXEL_LIMIT) -> Image:
    """Decode an encoded image to (h, w, 3) RGB, upright, on white; raise UnreadableImage."""
    try:
        return decode_image(data, pixel_limit)
    except Refused as refused:
        raise UnreadableImage(f"expected an image ({KINDS}), got {printable(name)}: {refused}") from None


def checked_image(image: Any) -> Image:
    """Return a pixel array as an image; raise UnreadableImage unless it is uint8, h by w or h by w by 3, not empty."""
    array = np.asarray(image)
    if (
        array.dtype != np.uint8
        or array.ndim not in (2, 3)
        or (array.ndim == 3 and array.shape[2] != 3)
        or not array.size
    ):
        raise UnreadableImage(
            f"expected an image as a uint8 array of shape (h, w) or (h, w, 3) in RGB, got {array.dtype} {array.shape}"
        )
    return array


def content_digest(content: bytes | Image) -> bytes:
    """Return the sha256 of what an image is made of: its encoded bytes, or its shape and pixels."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).digest()
    return hashlib.sha256(f"pixels {content.shape}\n".encode() + content.tobytes()).digest()


def to_input(image: Image, side: int, interpolation: str) -> NDArray[np.float32]:
    """Return an image as a network's input, (side, side, 3) float32 in 0..1; grey becomes three equal channels."""
    scaled = image.astype(np.float32)
    scaled /= np.float32(255)  # in place: a photograph takes twelve bytes a pixel here
    rgb = scaled if scaled.ndim == 3 else cv2.cvtColor(scaled, cv2.COLOR_GRAY2RGB)
    method = INTERPOLATIONS[interpolation]
    if method == cv2.INTER_AREA and (image.shape[0] < side or image.shape[1] < side):
        method = cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, (side, side), interpolation=method), np.float32)


def thumbnail(image: Image) -> bytes:
    """Return a small PNG of an image, its longer side at most THUMBNAIL_SIDE pixels."""
    height, width = image.shape[:2]
    factor = THUMBNAIL_SIDE / max(height, width)
    if factor < 1:
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    ordered = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    encoded, png = cv2.imencode(".png", ordered, _AS_THEY_ARE if ordered.nbytes <= _FEW_BYTES else ())
    if not encoded:
        raise UnreadableImage(f"expected an image that can be shown, got one of shape {image.shape}")
    return png.tobytes()
