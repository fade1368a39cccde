"""PNG files (PNG, third edition, sections 5 and 11)."""

import struct
import zlib
from collections.abc import Iterable

SIGNATURE = b"\x89PNG\r\n\x1a\n"

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(
    width: int,
    rows: Iterable[bytes],
    colour: int = RGB,
    bits: int = 8,
    before: Iterable[bytes] = (),
    after: Iterable[bytes] = (),
    height: int | None = None,
) -> bytes:
    """Return a PNG of packed rows, with further chunks before and after its image data.

    The header says `height`, which is the number of rows unless it is given.
    """
    packed = list(rows)
    header = struct.pack(">IIBBBBB", width, len(packed) if height is None else height, bits, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in packed))
    parts = [chunk(b"IHDR", header), *before, chunk(b"IDAT", data), *after, chunk(b"IEND", b"")]
    return SIGNATURE + b"".join(parts)


def with_right_checksums(data: bytes) -> bytes:
    """Return a damaged PNG with the checksums of all complete chunks corrected."""
    corrected, position = bytearray(data[:8]), 8
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + length + 12
        if end > len(data):
            break
        corrected += data[position : end - 4] + struct.pack(">I", zlib.crc32(data[position + 4 : end - 4]))
        position = end
    return bytes(corrected) + data[position:]


def bomb(side: int) -> bytes:
    """Return a small PNG of side by side black pixels."""
    compressor = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    data = b"".join([compressor.compress(row * 1000) for _ in range(side // 1000)]) + compressor.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, GREY, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
