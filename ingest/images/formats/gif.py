"""GIF: canvas size, and whether all blocks are present (GIF89a specification)."""

import struct

from ingest.images.formats.image_format import EncodedImage, ImageFormat, NotDecodable

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_TABLE = 0x80


def read(data: bytes) -> EncodedImage:
    """Read the blocks up to the trailer; OpenCV decodes the first frame of an animation."""
    width, height, flags, background = struct.unpack_from("<HHBB", data, 6)
    colours = _table_colours(flags)
    offset = 13 + 3 * colours
    while (block := data[offset]) != _TRAILER:
        if block == _EXTENSION:
            offset = _blocks_end(data, offset + 2)
        elif block == _IMAGE:
            # The descriptor, its colour table, and the byte of the initial code size.
            offset = _blocks_end(data, offset + 10 + 3 * _table_colours(data[offset + 9]) + 1)
        else:
            raise NotDecodable("a damaged GIF")
    if background >= colours > 0:
        # Some writers leave an index beyond the colour table, which OpenCV rejects.
        data = data[:11] + b"\0" + data[12:]
    return EncodedImage(data, width, height, unchanged=True)


def _table_colours(flags: int) -> int:
    return 2 << (flags & 7) if flags & _TABLE else 0


def _blocks_end(data: bytes, offset: int) -> int:
    """Return the offset after a chain of sub-blocks, each preceded by its length."""
    while length := data[offset]:
        offset += length + 1
    return offset + 1


FORMAT = ImageFormat("GIF", (b"GIF87a", b"GIF89a"), ("gif",), read)
