"""JPEG files of flat blocks, whose components are decoded without loss (ITU-T T.81, annexes B and F)."""

import struct
from collections.abc import Sequence

from tests.ingest.images.handmade.exif import exif

#: The colour transform in Adobe's marker, for four components.
ADOBE_CMYK, ADOBE_YCCK = 0, 2

_CATEGORIES = 12


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg_of(blocks: Sequence[Sequence[int]], adobe: int | None = None) -> bytes:
    """Return a JPEG 8 pixels high, a row of flat blocks; each gives its components' values, 0 to 255."""
    components = len(blocks[0])
    frame = struct.pack(">BHHB", 8, 8, 8 * len(blocks), components)
    frame += b"".join(bytes([number, 0x11, 0]) for number in range(1, components + 1))
    scan = bytes([components]) + b"".join(bytes([number, 0]) for number in range(1, components + 1)) + b"\0\x3f\0"
    # Four bits for the size of a difference; one bit ends the block before its other 63 coefficients.
    sizes = b"\0" + bytes([0, 0, 0, _CATEGORIES, *[0] * 12]) + bytes(range(_CATEGORIES))
    ends = b"\x10" + bytes([1, *[0] * 15]) + b"\0"
    marker = segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([adobe])) if adobe is not None else b""
    head = marker + segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC0, frame)
    return b"\xff\xd8" + head + segment(0xC4, sizes) + segment(0xC4, ends) + segment(0xDA, scan) + _data(blocks) + END


END = b"\xff\xd9"


def with_orientation(data: bytes, orientation: int) -> bytes:
    """Put an EXIF segment behind a JPEG's start."""
    return data[:2] + segment(0xE1, b"Exif\0\0" + exif(orientation)) + data[2:]


def _data(blocks: Sequence[Sequence[int]]) -> bytes:
    bits = ""
    before = [0] * len(blocks[0])
    for block in blocks:
        for number, value in enumerate(block):
            # A flat block's first coefficient is eight times its difference from 128.
            level = 8 * (value - 128)
            difference, before[number] = level - before[number], level
            size = abs(difference).bit_length()
            coded = difference if difference > 0 else difference + (1 << size) - 1
            bits += f"{size:04b}" + (f"{coded:0{size}b}" if size else "") + "0"
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8).replace(b"\xff", b"\xff\0")
