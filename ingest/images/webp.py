"""WebP: the size of the canvas, before libwebp takes memory for it (RFC 9649)."""

import io
import struct

from PIL import Image as PillowImage
from PIL.WebPImagePlugin import WebPImageFile

from ingest.images.refusal import NotDecodable, require_pixels

_FLAGS = 20
_ANIMATED, _ALPHA = 0x02, 0x10


def open_webp(data: bytes, pixel_limit: int) -> PillowImage.Image:
    """Return the image, or the first frame on its canvas; raise NotDecodable."""
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data):
        raise NotDecodable("a truncated WebP")
    kind = data[12:16]
    if kind == b"VP8X":
        flags, low, high, low_height, high_height = struct.unpack_from("<B3xHBHB", data, _FLAGS)
        require_pixels(low + (high << 16) + 1, low_height + (high_height << 16) + 1, pixel_limit)
        if flags & _ANIMATED:
            # The first frame may be smaller than the canvas, which without alpha libwebp fills with black.
            data = data[:_FLAGS] + bytes([flags | _ALPHA]) + data[_FLAGS + 1 :]
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        require_pixels((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, pixel_limit)
    else:
        width, height = struct.unpack_from("<HH", data, 26)
        require_pixels(width & 0x3FFF, height & 0x3FFF, pixel_limit)
    return WebPImageFile(io.BytesIO(data[: size + 8]))
