"""PNG: header, transparency and orientation, and whether all chunks are intact (PNG, third edition, section 5)."""

import struct
import zlib

from ingest.images.formats.exif import orientation_of
from ingest.images.formats.image_format import EncodedImage, ImageFormat, NotDecodable

_SIGNATURE = b"\x89PNG\r\n\x1a\n"

#: The chunks of the still image. The others are removed: an animation's other frames, profiles that libpng warns about,
#: compressed text that can expand without bound.
_STILL = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})

_CHUNK = struct.Struct(">I4s")
_HEADER = struct.Struct(">4sIIBB")

_BITS = (1, 2, 4, 8, 16)
_GREY, _GREY_ALPHA, _RGBA = 0, 4, 6
_DEEP = 16


def read(data: bytes) -> EncodedImage:
    """Read the chunks up to the end of the image, and check those of the still image; data after it is ignored."""
    width, height, bits, colour = _header(data)
    transparent_grey: int | None = None
    transparent = colour in (_GREY_ALPHA, _RGBA)
    orientation = 1
    ranges: list[tuple[int, int]] = []  # of the still image, when other chunks lie between
    view = memoryview(data)
    offset = start = len(_SIGNATURE)
    kind = b""
    while kind != b"IEND":
        length, kind = _CHUNK.unpack_from(data, offset)
        body, end = offset + 8, offset + length + 12
        if end > len(data):
            raise NotDecodable("a truncated PNG")
        if kind in _STILL:
            if zlib.crc32(view[offset + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
                raise NotDecodable("a damaged PNG")
            if kind == b"tRNS":
                transparent = True
                transparent_grey = _transparent_grey(data[body : end - 4], bits) if colour == _GREY else None
        else:
            if kind == b"eXIf":
                orientation = orientation_of(data[body : end - 4])
            ranges.append((start, offset))
            start = end
        offset = end
    if ranges:
        ranges.append((start, offset))
        data = _SIGNATURE + b"".join([data[start:end] for start, end in ranges])
    deep = bits == _DEEP
    white = 0xFFFF if deep else 0xFF
    return EncodedImage(
        data, width, height, orientation, unchanged=transparent or deep, white=white, transparent_grey=transparent_grey
    )


def _header(data: bytes) -> tuple[int, int, int, int]:
    """Return the width, height, bits per sample and colour type."""
    if len(data) < 33:
        raise NotDecodable("a truncated PNG")
    kind, width, height, bits, colour = _HEADER.unpack_from(data, 12)
    if kind != b"IHDR" or bits not in _BITS:
        raise NotDecodable("a damaged PNG")
    return width, height, bits, colour


def _transparent_grey(chunk: bytes, bits: int) -> int:
    """Return the transparent grey value as OpenCV decodes it: of less than 8 bits, scaled to 0..255."""
    (value,) = struct.unpack_from(">H", chunk)
    largest = (1 << bits) - 1
    return int(value & largest) * (255 // largest if bits < 8 else 1)


FORMAT = ImageFormat("PNG", (_SIGNATURE,), ("apng", "png"), read)
