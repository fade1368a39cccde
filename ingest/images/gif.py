"""GIF: the first frame alone, for Pillow (GIF89a specification)."""

import io
import struct

from PIL import Image as PillowImage
from PIL.GifImagePlugin import GifImageFile

from ingest.images.refusal import NotDecodable, require_pixels
from ingest.images.to_srgb import on_white

_EXTENSION, _IMAGE = 0x21, 0x2C
_CONTROL = 0xF9
_TABLE = 0x80

#: More blocks than the first frame of the largest size needs; each takes a tenth of a microsecond.
_MAX_BLOCKS = 10_000_000


def open_gif(data: bytes, pixel_limit: int) -> PillowImage.Image:
    """Return the first frame on a white canvas; raise NotDecodable."""
    start = 13 + _table_bytes(data[10])
    offset, control, blocks = start, b"", 0
    while (block := data[offset]) == _EXTENSION:
        end, blocks = _blocks_end(data, offset + 2, blocks)
        if data[offset + 1] == _CONTROL:
            control = data[offset:end] + b"\0"
        offset = end + 1
    if block != _IMAGE:
        raise NotDecodable("a damaged GIF (no image in it)")
    end, _ = _blocks_end(data, offset + 10 + _table_bytes(data[offset + 9]) + 1, blocks)
    left, top, width, height = struct.unpack_from("<HHHH", data, offset + 1)
    frame = (left, top, left + width, top + height)
    # The canvas grows where the frame is beyond it.
    canvas_width, canvas_height = struct.unpack_from("<HH", data, 6)
    require_pixels(max(canvas_width, frame[2]), max(canvas_height, frame[3]), pixel_limit)
    image = GifImageFile(io.BytesIO(data[:start] + control + data[offset:end] + b"\0;"))
    image.load()
    opaque = on_white(image)
    if frame == (0, 0, *image.size):
        return opaque
    canvas = PillowImage.new("RGB", image.size, "white")
    shown = PillowImage.new("1", image.size)
    shown.paste(1, frame)
    canvas.paste(opaque, mask=shown)
    return canvas


def _table_bytes(flags: int) -> int:
    return 3 * (2 << (flags & 7)) if flags & _TABLE else 0


def _blocks_end(data: bytes, offset: int, blocks: int) -> tuple[int, int]:
    """Return the offset after a chain of sub-blocks, each preceded by its length, and how many there were until now.

    The last block that is there ends the chain too: whether all pixels are, shows when they are decoded.
    """
    while offset < len(data) and (length := data[offset]) and offset + length < len(data):
        offset += length + 1
        blocks += 1
        if blocks > _MAX_BLOCKS:
            raise NotDecodable("a damaged GIF (of too many blocks)")
    return offset, blocks
