"""BMP: its header's size, colour masks and alpha (Windows' BITMAPINFOHEADER and its successors)."""

import struct

from ingest.images.formats.image_format import Encoded, Format, Refused

_OLD_HEADER, _HEADER, _HEADER_WITH_ALPHA_MASK = 12, 40, 56
_RGB, _MASKS = 0, 3
_USUAL_MASKS = (0xFF0000, 0xFF00, 0xFF)


def read(data: bytes) -> Encoded:
    """Read the header; an uncompressed image must have all its rows."""
    pixels, header = struct.unpack_from("<II", data, 10)
    if header == _OLD_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = _RGB
    elif header >= _HEADER:
        width, height, _, bits, compression, size = struct.unpack_from("<iiHHII", data, 18)
    else:
        raise Refused("a damaged BMP")
    if width <= 0 or height == 0:
        raise Refused("a damaged BMP")
    height = abs(height)
    if compression in (_RGB, _MASKS):
        size = (width * bits + 31) // 32 * 4 * height
    if pixels + size > len(data):
        raise Refused("a truncated BMP")
    masked = bits == 32 and compression == _MASKS
    if masked and header < _HEADER_WITH_ALPHA_MASK and struct.unpack_from("<3I", data, 54) != _USUAL_MASKS:
        raise Refused("a BMP with unusual colour masks, which OpenCV overlooks")
    # Without a mask for it, the fourth byte means nothing.
    return Encoded(data, width, height, unchanged=masked and header >= _HEADER_WITH_ALPHA_MASK)


FORMAT = Format("BMP", (b"BM",), read)
