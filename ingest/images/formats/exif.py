"""EXIF's orientation: how an image must be turned to stand upright (EXIF 2.32, tag 0x0112)."""

import struct

from ingest.images.formats.image_format import Refused
from ingest.images.formats.tiff_directory import Directory

PREFIX = b"Exif\0\0"

ORIENTATION = 0x0112

_UPRIGHT = 1
_LAST = 8


def orientation_of(block: bytes) -> int:
    """Return an EXIF block's orientation, 1 to 8; an absent or damaged one says nothing, so 1."""
    try:
        return valid_orientation(Directory(block.removeprefix(PREFIX)).number(ORIENTATION, _UPRIGHT))
    except (OverflowError, Refused, struct.error):
        return _UPRIGHT


def valid_orientation(number: int) -> int:
    """Return an orientation, or 1 for a number that is none."""
    return number if _UPRIGHT <= number <= _LAST else _UPRIGHT
