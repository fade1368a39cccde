"""WebP: its canvas and its EXIF block (RFC 9649)."""

import struct

from ingest.images.formats.exif import orientation_of
from ingest.images.formats.image_format import Encoded, Format, Refused

_LOSSY, _LOSSLESS, _EXTENDED = b"VP8 ", b"VP8L", b"VP8X"
_FLAGS = 20
_ANIMATED, _EXIF, _ALPHA = 0x02, 0x08, 0x10
_LOSSLESS_ALPHA = 1 << 28


def read(data: bytes) -> Encoded:
    """Read the first chunk, which tells the size in one of three ways."""
    if data[8:12] != b"WEBP":
        raise Refused("another kind of file" if len(data) >= 12 else "a truncated WebP")
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data):
        raise Refused("a truncated WebP")
    kind = data[12:16]
    if kind == _LOSSY:
        width, height = struct.unpack_from("<HH", data, 26)
        return Encoded(data, width & 0x3FFF, height & 0x3FFF)
    if kind == _LOSSLESS:
        (bits,) = struct.unpack_from("<I", data, 21)
        return Encoded(data, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, unchanged=bool(bits & _LOSSLESS_ALPHA))
    if kind == _EXTENDED:
        return _extended(data, size + 8)
    raise Refused("a damaged WebP")


def _extended(data: bytes, end: int) -> Encoded:
    flags, low, high, low_height, high_height = struct.unpack_from("<B3xHBHB", data, _FLAGS)
    orientation = 1
    position = 12
    while flags & _EXIF and position + 8 <= end:
        (length,) = struct.unpack_from("<I", data, position + 4)
        if data[position : position + 4] == b"EXIF":
            orientation = orientation_of(data[position + 8 : position + 8 + length])
            break
        position += 8 + length + (length & 1)
    if flags & _ANIMATED:
        # A first frame may be smaller than its canvas: without alpha OpenCV would paint the rest black.
        data = data[:_FLAGS] + bytes([flags | _ALPHA]) + data[_FLAGS + 1 :]
    unchanged = bool(flags & (_ALPHA | _ANIMATED))
    width, height = low + (high << 16) + 1, low_height + (high_height << 16) + 1
    return Encoded(data, width, height, orientation, unchanged=unchanged)


FORMAT = Format("WebP", (b"RIFF",), read)
