"""Read, decode and resize images; the same for ingest and queries.

An image is a uint8 array, (h, w) in grey or (h, w, 3) in RGB.
"""

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from ingest.errors import UnreadableImage, first_line
from ingest.images.decoding import PIXEL_LIMIT, decode_image
from ingest.images.kinds import FORMAT_NAMES
from ingest.images.refusal import NotDecodable
from ingest.images.to_srgb import DecodedImage, reduction, to_srgb
from storage.console import printable

Image = NDArray[np.uint8]

#: The most bytes of an image file: enough for PIXEL_LIMIT pixels of four 16-bit samples, uncompressed.
FILE_LIMIT = 1 << 30

#: The longer side of a thumbnail, in pixels; smaller images are not resized.
THUMBNAIL_SIDE = 96

#: Thumbnails of at most this many bytes are not compressed: to start the compressor takes three times as long as all
#: else, to choose a filter as long again, and the gain is small.
_UNCOMPRESSED_BYTES = 4096
_UNCOMPRESSED = (cv2.IMWRITE_PNG_COMPRESSION, 0, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE)

#: Interpolation when resizing. Averaging (area) prevents aliasing of fine texture when shrinking.
INTERPOLATIONS = {"linear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA}


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes; raise UnreadableImage when it is not a file, too large, or cannot be read."""
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
    """Return an image's pixels, (h, w, 3) in sRGB, upright, on white; raise UnreadableImage, which has its name."""
    return decode_scaled(data, name, None, pixel_limit).pixels


def decode_scaled(data: bytes, name: str, least_side: int | None, pixel_limit: int = PIXEL_LIMIT) -> DecodedImage:
    """Return an encoded image as `decode` does, but divided by a whole number that keeps both sides at `least_side`.

    Large images are decoded several times faster so. The size that it has in its file is returned too.
    """
    try:
        return decode_image(data, least_side, pixel_limit)
    except NotDecodable as reason:
        raise UnreadableImage(f"expected an image ({FORMAT_NAMES}), got {printable(name)}: {reason}") from None


def checked_image(image: Any) -> Image:
    """Return an image of Pillow's, or anything with `__array__`, as an image; raise UnreadableImage.

    An array is uint8, (h, w) or (h, w, 1) in grey, (h, w, 3) in RGB, or (h, w, 4) in RGBA, which is laid on white as a
    file's image is. Pillow's image is what its file would be.
    """
    if isinstance(image, PillowImage.Image):
        return _checked_pillow_image(image)
    try:
        array = np.asarray(image)
    except Exception as error:  # of any library's array
        reason = f"{type(image).__name__}: {first_line(error)}"
        raise UnreadableImage(f"expected an image as an array, got {reason}") from error
    if array.dtype != np.uint8 or array.ndim < 2 or array.shape[2:] not in ((), (1,), (3,), (4,)) or not array.size:
        raise UnreadableImage(
            "expected an image as a uint8 array of shape (h, w), (h, w, 3) or (h, w, 4), "
            f"got {array.dtype} {array.shape}"
        )
    if array.shape[2:] == (4,):
        return to_srgb(PillowImage.fromarray(array), None).pixels
    return array[:, :, 0] if array.shape[2:] == (1,) else array


def _checked_pillow_image(image: PillowImage.Image) -> Image:
    try:
        return to_srgb(image, None).pixels
    except Exception as error:  # Pillow decodes a file now, and raises nearly anything for a damaged one
        reason = first_line(error)
        raise UnreadableImage(f"expected a Pillow image that can be decoded, got '{reason}'") from error


def content_digest(content: bytes | Image) -> bytes:
    """Return the sha256 of an image's encoded bytes, or of its shape and pixels."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).digest()
    return hashlib.sha256(f"pixels {content.shape}\n".encode() + content.tobytes()).digest()


def least_side(side: int, interpolation: str) -> int | None:
    """Return the shorter side that an image must keep for a network's input of `side` pixels, and its thumbnail.

    None when any division would change the result: linear interpolation reads single pixels.
    """
    return max(2 * side, THUMBNAIL_SIDE) if interpolation == "area" else None


def to_input(image: Image, side: int, interpolation: str) -> NDArray[np.float32]:
    """Return an image as a network's input, (side, side, 3) float32 in 0..1; grey is repeated in three channels."""
    scaled = _reduced(image, least_side(side, interpolation)).astype(np.float32)
    scaled /= np.float32(255)  # in place, since this array has twelve bytes per pixel
    rgb = scaled if scaled.ndim == 3 else cv2.cvtColor(scaled, cv2.COLOR_GRAY2RGB)
    method = INTERPOLATIONS[interpolation]
    if method == cv2.INTER_AREA and (image.shape[0] < side or image.shape[1] < side):
        method = cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, (side, side), interpolation=method), np.float32)


def shrink(image: Image, side: int) -> Image:
    """Return an image whose longer side is at most `side` pixels, by averaging; a smaller one as it is."""
    height, width = image.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return image
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def thumbnail(image: Image) -> bytes:
    """Return a small PNG of an image, its longer side at most THUMBNAIL_SIDE pixels."""
    image = shrink(_reduced(image, 2 * THUMBNAIL_SIDE), THUMBNAIL_SIDE)
    ordered = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    encoded, png = cv2.imencode(".png", ordered, _UNCOMPRESSED if ordered.nbytes <= _UNCOMPRESSED_BYTES else ())
    if not encoded:
        raise UnreadableImage(f"expected an image that can be encoded as PNG, got one of shape {image.shape}")
    return png.tobytes()


def _reduced(image: Image, least_side: int | None) -> Image:
    """Return the averages of an image's squares, as many as keep `least_side`: several times faster than resizing."""
    factor = reduction(image.shape[1], image.shape[0], least_side)
    return image if factor == 1 else np.asarray(PillowImage.fromarray(image).reduce(factor))
