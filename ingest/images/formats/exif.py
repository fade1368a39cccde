"""The EXIF orientation: how to turn an image upright (EXIF 2.32, tag 0x0112)."""

import struct

from ingest.images.formats.image_format import NotDecodable
from ingest.images.formats.tiff_directory import TiffDirectory

PREFIX = b"Exif\0\0"

ORIENTATION = 0x0112

_UPRIGHT = 1
_LAST = 8


def orientation_of(block: bytes) -> int:
    """Return the orientation in an EXIF block, 1 to 8; 1 when it is absent or damaged."""
    try:
        return valid_orientation(TiffDirectory(block.removeprefix(PREFIX)).number(ORIENTATION, _UPRIGHT))
    except (OverflowError, NotDecodable, struct.error):
        return _UPRIGHT


def valid_orientation(number: int) -> int:
    """Return an orientation, 1 to 8, or 1 for any other number."""
    return number if _UPRIGHT <= number <= _LAST else _UPRIGHT
