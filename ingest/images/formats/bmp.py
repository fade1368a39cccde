"""BMP: its header's size, colour masks and alpha (Windows' BITMAPINFOHEADER and its successors)."""

import re
import struct

from ingest.images.formats.image_format import EncodedImage, ImageFormat, NotDecodable

_OLD_HEADER, _HEADER, _HEADER_WITH_ALPHA_MASK = 12, 40, 56
_RGB, _MASKS = 0, 3
_USUAL_MASKS = (0xFF0000, 0xFF00, 0xFF)

#: The signature, the reserved zeros, and the size of one of the known headers: two letters begin texts as well.
_PATTERN = re.compile(rb"BM.{4}\0{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL)


def read(data: bytes) -> EncodedImage:
    """Read the header, and check that an uncompressed image has all its rows."""
    pixels, header = struct.unpack_from("<II", data, 10)
    if header == _OLD_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = _RGB
    elif header >= _HEADER:
        width, height, _, bits, compression, size = struct.unpack_from("<iiHHII", data, 18)
    else:
        raise NotDecodable("a damaged BMP")
    if width <= 0 or height == 0:
        raise NotDecodable("a damaged BMP")
    height = abs(height)
    if compression in (_RGB, _MASKS):
        size = (width * bits + 31) // 32 * 4 * height
    if pixels + size > len(data):
        raise NotDecodable("a truncated BMP")
    masked = bits == 32 and compression == _MASKS
    if masked and header < _HEADER_WITH_ALPHA_MASK and struct.unpack_from("<3I", data, 54) != _USUAL_MASKS:
        raise NotDecodable("a BMP with unusual colour masks, which OpenCV ignores")
    # Without an alpha mask the fourth byte has no meaning.
    return EncodedImage(data, width, height, unchanged=masked and header >= _HEADER_WITH_ALPHA_MASK)


FORMAT = ImageFormat("BMP", (b"BM",), ("bmp", "dib"), read, _PATTERN)
