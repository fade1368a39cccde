"""JPEG 2000: where the codestream ends, before OpenJPEG reads it (ITU-T T.800, annexes A and I)."""

import io
import struct

from PIL import Image as PillowImage
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from ingest.images.refusal import NotDecodable, require_pixels

_CODESTREAM = b"\xff\x4f\xff\x51"
_TILE_PART, _END = 0xFF90, 0xFFD9

#: More boxes, segments or tile parts than any picture needs; each takes a microsecond.
_MAX_PARTS = 1_000_000


def open_jpeg2000(data: bytes, pixel_limit: int) -> PillowImage.Image:
    """Return the image; raise NotDecodable unless its codestream has all tile parts. Data after it is ignored."""
    start = 0 if data.startswith(_CODESTREAM) else _codestream_box(data)
    if not data.startswith(_CODESTREAM, start):
        raise NotDecodable("a damaged JPEG 2000")
    right, bottom, left, top = struct.unpack_from(">4I", data, start + 8)
    require_pixels(right - left, bottom - top, pixel_limit)
    end = _codestream_end(data, start)
    if start and int.from_bytes(data[start - 8 : start - 4]) > end - start + 8:
        # OpenJPEG reads the box to its end.
        end = start + int.from_bytes(data[start - 8 : start - 4]) - 8
    image = Jpeg2KImageFile(io.BytesIO(data[:end]))
    require_pixels(*image.size, pixel_limit)
    image.load()
    return image


def _codestream_box(data: bytes) -> int:
    """Return the offset of the content of the box that has the codestream."""
    offset = 0
    for _ in range(_MAX_PARTS):
        length, kind = struct.unpack_from(">I4s", data, offset)
        start = offset + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start)
            start += 8
        if kind == b"jp2c":
            return start
        if offset + length < start:
            break
        offset += length
    raise NotDecodable("a damaged JPEG 2000")


def _codestream_end(data: bytes, start: int) -> int:
    """Return the offset after the end marker, which follows the main header's segments and the tile parts."""
    offset = start + 2
    for _ in range(_MAX_PARTS):
        marker, length = struct.unpack_from(">HH", data, offset)
        if marker == _TILE_PART:
            break
        offset += 2 + length
    for _ in range(_MAX_PARTS):
        if marker != _TILE_PART:
            break
        (length,) = struct.unpack_from(">I", data, offset + 6)
        if length == 0:
            # The length 0 means that the last tile part extends to the end marker.
            length = data.rfind(b"\xff\xd9", offset) - offset
        offset += length
        if length <= 0 or offset > len(data) - 2:
            raise NotDecodable("a truncated JPEG 2000")
        (marker,) = struct.unpack_from(">H", data, offset)
    if marker != _END:
        raise NotDecodable("a damaged JPEG 2000")
    return offset + 2
