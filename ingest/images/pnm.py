"""PNM: portable bitmaps, greymaps and pixmaps, in text and in binary (Netpbm's pbm, pgm and ppm pages)."""

import re

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from ingest.images.refusal import NotDecodable, require_pixels
from ingest.images.to_srgb import scale_to_8_bits

_GAP = rb"(?:\s|#[^\r\n]*+[\r\n])*+"
_NUMBER = _GAP + rb"(\d{1,9})(?!\d)"
_SIZE = re.compile(rb"P[1-6](?=\s)" + _NUMBER + _NUMBER)
_MAXIMUM = re.compile(_NUMBER)
_DIGITS = re.compile(rb"[\d\s]*+")
_COMMENT = re.compile(rb"#[^\r\n]*")

_BITMAPS, _PIXMAPS, _FIRST_BINARY = (1, 4), (3, 6), 4

#: The most bytes of text a number has, with the spaces beside it.
_TEXT_BYTES = 16


def open_pnm(data: bytes, pixel_limit: int) -> PillowImage.Image:
    """Return the image in grey or RGB; raise NotDecodable unless there are enough bytes for all values."""
    number = data[1] - ord("0")
    header = _SIZE.match(data)
    if not header:
        raise NotDecodable("a damaged PNM (no size)")
    width, height, end, white = int(header[1]), int(header[2]), header.end(), 1
    if number not in _BITMAPS:
        maximum = _MAXIMUM.match(data, end)
        if not maximum or not 0 < (white := int(maximum[1])) <= 0xFFFF:
            raise NotDecodable("a damaged PNM (no maximum from 1 to 65535)")
        end = maximum.end()
    require_pixels(width, height, pixel_limit)
    channels = 3 if number in _PIXMAPS else 1
    # One white space ends the header.
    read = _text if number < _FIRST_BINARY else _bits if number in _BITMAPS else _binary
    values = read(data, end + 1, width * channels, height, white)
    pixels = scale_to_8_bits(values, white, inverted=number in _BITMAPS)
    return PillowImage.fromarray(pixels.reshape((height, width, channels) if channels > 1 else (height, width)))


def _binary(data: bytes, start: int, row: int, height: int, white: int) -> NDArray[np.unsignedinteger]:
    dtype = np.dtype(">u2") if white > 0xFF else np.dtype(np.uint8)
    _require_bytes(data, start, row * height * dtype.itemsize)
    values = np.frombuffer(data, dtype, row * height, start)
    return values.astype(np.uint16 if white > 0xFF else np.uint8)


def _bits(data: bytes, start: int, row: int, height: int, _white: int) -> NDArray[np.uint8]:
    row_bytes = (row + 7) // 8
    _require_bytes(data, start, row_bytes * height)
    packed = np.frombuffer(data, np.uint8, row_bytes * height, start).reshape(height, row_bytes)
    return np.unpackbits(packed, axis=1, count=row)


def _text(data: bytes, start: int, row: int, height: int, white: int) -> NDArray[np.uint16] | NDArray[np.uint8]:
    count = row * height
    text = _COMMENT.sub(b"", data[start - 1 : start + count * _TEXT_BYTES])
    if not _DIGITS.fullmatch(text):
        raise NotDecodable("a damaged PNM (no numbers)")
    if data.startswith(b"P1"):
        # Bitmaps may leave out the spaces.
        bits = np.frombuffer(text.translate(None, b" \t\n\r\v\f"), np.uint8)[:count] - np.uint8(ord("0"))
        _require(len(bits) == count)
        return bits
    # NumPy makes a number of spaces alone.
    values = np.fromstring(text, np.int32, sep=" ") if text.strip() else np.empty(0, np.int32)
    _require(len(values) >= count)
    return np.clip(values[:count], 0, white).astype(np.uint16)


def _require_bytes(data: bytes, start: int, count: int) -> None:
    _require(start + count <= len(data))


def _require(complete: bool) -> None:
    if not complete:
        raise NotDecodable("a truncated PNM")
