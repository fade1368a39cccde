"""One way to decode, for ingest and query alike: by content, within a limit, and only what is whole."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.images.formats import Encoded, Refused, examine
from ingest.images.to_rgb import to_rgb

# A damaged image is reported once, by our own error.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

#: Names this way of decoding in an embedding's fingerprint; give it a new number when its pixels change.
DECODER = "opencv-rgb-2"

#: How many pixels an image may have. The header tells them, so a small file that would fill the memory is never
#: decoded.
PIXEL_LIMIT = 100_000_000

_DEPTHS = (np.dtype(np.uint8), np.dtype(np.uint16))
_NO_MEMORY = "an image for which there is not enough memory"


def decode_image(data: bytes, pixel_limit: int = PIXEL_LIMIT) -> NDArray[np.uint8]:
    """Return an encoded image's pixels, (h, w, 3) RGB, upright, 8 bits, on white; raise Refused."""
    encoded = examine(data)
    if encoded.width < 1 or encoded.height < 1:
        raise Refused("an image without pixels")
    pixels = encoded.width * encoded.height
    if pixels > pixel_limit:
        raise Refused(
            f"{encoded.width} x {encoded.height}, {pixels / 1e6:.1f} megapixels "
            f"where {pixel_limit / 1e6:g} are the limit: make it smaller"
        )
    return _decoded(encoded)


def _decoded(encoded: Encoded) -> NDArray[np.uint8]:
    # Orientation is left to us, who know it for every format and way of reading.
    flags = cv2.IMREAD_UNCHANGED if encoded.unchanged else cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        values = cv2.imdecode(np.frombuffer(encoded.data, np.uint8), flags)
        if values is not None and values.shape[:2] == (encoded.height, encoded.width) and values.dtype in _DEPTHS:
            return to_rgb(values, encoded)
    except MemoryError:
        raise Refused(_NO_MEMORY) from None
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise Refused(_NO_MEMORY) from None
    raise Refused("a damaged image, or of a kind that OpenCV cannot read")
