"""PNG: its header, transparency and orientation, and whether its chunks are whole (PNG, third edition, section 5)."""

import struct
import zlib

from ingest.images.formats.exif import orientation_of
from ingest.images.formats.image_format import Encoded, Format, Refused

_SIGNATURE = b"\x89PNG\r\n\x1a\n"

#: What makes the still image. The rest is left out: an animation's other frames, profiles that libpng complains
#: about, compressed text that can grow without bound.
_STILL = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})

_CHUNK = struct.Struct(">I4s")
_HEADER = struct.Struct(">4sIIBB")

_BITS = (1, 2, 4, 8, 16)
_GREY, _GREY_ALPHA, _RGBA = 0, 4, 6
_DEEP = 16


def read(data: bytes) -> Encoded:
    """Walk the chunks to the end of the image, checking those that make it; what follows is left alone."""
    width, height, bits, colour = _header(data)
    clear: int | None = None
    transparent = colour in (_GREY_ALPHA, _RGBA)
    orientation = 1
    kept: list[tuple[int, int]] = []
    view = memoryview(data)
    position = kept_from = len(_SIGNATURE)
    kind = b""
    while kind != b"IEND":
        length, kind = _CHUNK.unpack_from(data, position)
        body, end = position + 8, position + length + 12
        if end > len(data):
            raise Refused("a truncated PNG")
        if kind in _STILL:
            if zlib.crc32(view[position + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
                raise Refused("a damaged PNG")
            if kind == b"tRNS":
                transparent = True
                clear = _clear_grey(data[body : end - 4], bits) if colour == _GREY else None
        else:
            if kind == b"eXIf":
                orientation = orientation_of(data[body : end - 4])
            kept.append((kept_from, position))
            kept_from = end
        position = end
    if kept:
        kept.append((kept_from, position))
        data = _SIGNATURE + b"".join([data[start:end] for start, end in kept])
    deep = bits == _DEEP
    white = 0xFFFF if deep else 0xFF
    return Encoded(data, width, height, orientation, unchanged=transparent or deep, white=white, clear=clear)


def _header(data: bytes) -> tuple[int, int, int, int]:
    """Return width, height, bits a sample and colour type."""
    if len(data) < 33:
        raise Refused("a truncated PNG")
    kind, width, height, bits, colour = _HEADER.unpack_from(data, 12)
    if kind != b"IHDR" or bits not in _BITS:
        raise Refused("a damaged PNG")
    return width, height, bits, colour


def _clear_grey(chunk: bytes, bits: int) -> int:
    """Return the grey value that is transparent, as decoded: small ones are spread over 0 to 255."""
    (value,) = struct.unpack_from(">H", chunk)
    largest = (1 << bits) - 1
    return int(value & largest) * (255 // largest if bits < 8 else 1)


FORMAT = Format("PNG", (_SIGNATURE,), read)
