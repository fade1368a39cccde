"""EXIF blocks with an orientation."""

import struct


def exif(orientation: int, order: str = "<") -> bytes:
    """Return an EXIF block, which is a TIFF without an image, with the orientation only."""
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(order + "HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)
