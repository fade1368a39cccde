"""Decode images by their content, within a pixel limit, and only complete ones; the same for ingest and queries."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.images.formats.image_format import EncodedImage, NotDecodable
from ingest.images.formats.registry import read_header
from ingest.images.to_rgb import to_rgb

# A damaged image is reported by our own error only.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

#: The decoder's version in an embedding's fingerprint; change its number whenever decoded pixels change.
DECODER = "opencv-rgb-2"

#: The most pixels an image may have. They are read from the header, so that a small file that would fill the memory is
#: never decoded.
PIXEL_LIMIT = 100_000_000

_DEPTHS = (np.dtype(np.uint8), np.dtype(np.uint16))


def decode_image(data: bytes, pixel_limit: int = PIXEL_LIMIT) -> NDArray[np.uint8]:
    """Return an encoded image's pixels, (h, w, 3) uint8 in RGB, upright, on white; raise NotDecodable."""
    encoded = read_header(data)
    if encoded.width < 1 or encoded.height < 1:
        raise NotDecodable("an image without pixels")
    pixels = encoded.width * encoded.height
    if pixels > pixel_limit:
        raise NotDecodable(
            f"{encoded.width} x {encoded.height}, {pixels / 1e6:.1f} megapixels, "
            f"above the limit of {pixel_limit / 1e6:g}: make it smaller"
        )
    return _decode(encoded)


def _decode(encoded: EncodedImage) -> NDArray[np.uint8]:
    # OpenCV must not turn the image: it does not know the orientation in every format and mode.
    flags = cv2.IMREAD_UNCHANGED if encoded.unchanged else cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        values = cv2.imdecode(np.frombuffer(encoded.data, np.uint8), flags)
        if values is not None and values.shape[:2] == (encoded.height, encoded.width) and values.dtype in _DEPTHS:
            return to_rgb(values, encoded)
    except (MemoryError, cv2.error) as error:
        if isinstance(error, MemoryError) or error.code == cv2.Error.StsNoMem:
            raise NotDecodable("an image for which there is not enough memory") from None
    raise NotDecodable("a damaged image, or of a kind that OpenCV cannot read")
