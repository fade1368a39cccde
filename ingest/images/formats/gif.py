"""GIF: its canvas, and whether its blocks are whole (GIF89a specification)."""

import struct

from ingest.images.formats.image_format import Encoded, Format, Refused

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_TABLE = 0x80


def read(data: bytes) -> Encoded:
    """Walk the blocks to the trailer; of an animation OpenCV decodes the first frame."""
    width, height, flags, background = struct.unpack_from("<HHBB", data, 6)
    colours = _table_colours(flags)
    position = 13 + 3 * colours
    while (block := data[position]) != _TRAILER:
        if block == _EXTENSION:
            position = _blocks_end(data, position + 2)
        elif block == _IMAGE:
            # The descriptor, its colour table, and the number of bits that codes begin with.
            position = _blocks_end(data, position + 10 + 3 * _table_colours(data[position + 9]) + 1)
        else:
            raise Refused("a damaged GIF")
    if background >= colours > 0:
        # Writers leave anything here when no background shows; OpenCV would refuse it.
        data = data[:11] + b"\0" + data[12:]
    return Encoded(data, width, height, unchanged=True)


def _table_colours(flags: int) -> int:
    return 2 << (flags & 7) if flags & _TABLE else 0


def _blocks_end(data: bytes, position: int) -> int:
    """Return where a chain of sub-blocks, each preceded by its length, has ended."""
    while length := data[position]:
        position += length + 1
    return position + 1


FORMAT = Format("GIF", (b"GIF87a", b"GIF89a"), read)
