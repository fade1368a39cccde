"""WebP: canvas size and EXIF orientation (RFC 9649)."""

import re
import struct

from ingest.images.formats.exif import orientation_of
from ingest.images.formats.image_format import EncodedImage, ImageFormat, NotDecodable

_LOSSY, _LOSSLESS, _EXTENDED = b"VP8 ", b"VP8L", b"VP8X"
_FLAGS = 20
_ANIMATED, _EXIF, _ALPHA = 0x02, 0x08, 0x10
_LOSSLESS_ALPHA = 1 << 28

#: RIFF files may also be sound or video.
_PATTERN = re.compile(rb"RIFF....WEBP", re.DOTALL)


def read(data: bytes) -> EncodedImage:
    """Read the first chunk, which has the size in one of three encodings."""
    if data[8:12] != b"WEBP":
        raise NotDecodable("another kind of file" if len(data) >= 12 else "a truncated WebP")
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data):
        raise NotDecodable("a truncated WebP")
    kind = data[12:16]
    if kind == _LOSSY:
        width, height = struct.unpack_from("<HH", data, 26)
        return EncodedImage(data, width & 0x3FFF, height & 0x3FFF)
    if kind == _LOSSLESS:
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        return EncodedImage(data, width, height, unchanged=bool(bits & _LOSSLESS_ALPHA))
    if kind == _EXTENDED:
        return _extended(data, size + 8)
    raise NotDecodable("a damaged WebP")


def _extended(data: bytes, end: int) -> EncodedImage:
    flags, low, high, low_height, high_height = struct.unpack_from("<B3xHBHB", data, _FLAGS)
    orientation = 1
    offset = 12
    while flags & _EXIF and offset + 8 <= end:
        (length,) = struct.unpack_from("<I", data, offset + 4)
        if data[offset : offset + 4] == b"EXIF":
            orientation = orientation_of(data[offset + 8 : offset + 8 + length])
            break
        offset += 8 + length + (length & 1)
    if flags & _ANIMATED:
        # The first frame may be smaller than the canvas, and without alpha OpenCV fills the canvas with black.
        data = data[:_FLAGS] + bytes([flags | _ALPHA]) + data[_FLAGS + 1 :]
    unchanged = bool(flags & (_ALPHA | _ANIMATED))
    width, height = low + (high << 16) + 1, low_height + (high_height << 16) + 1
    return EncodedImage(data, width, height, orientation, unchanged=unchanged)


FORMAT = ImageFormat("WebP", (b"RIFF",), ("webp",), read, _PATTERN)
