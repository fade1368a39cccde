"""EXIF blocks that say how to turn an image."""

import struct


def exif(orientation: int, order: str = "<") -> bytes:
    """Return an EXIF block, a TIFF without an image, with nothing but the orientation."""
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(order + "HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)
