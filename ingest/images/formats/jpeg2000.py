"""JPEG 2000: its size, samples and alpha, and whether its codestream has an end (ITU-T T.800, annexes A and I)."""

import struct
from collections.abc import Iterator

from ingest.images.formats.image_format import Alpha, Encoded, Format, Refused

_BOXED = b"\0\0\0\x0cjP  \r\n\x87\n"
_BARE = b"\xff\x4f\xff\x51"

_TILE_PART, _END = 0xFF90, 0xFFD9
_SRGB, _GREY = 16, 17
_ALPHAS = {1: Alpha.STRAIGHT, 2: Alpha.PREMULTIPLIED}
_RGBA = 4


def read(data: bytes) -> Encoded:
    """Read the boxes, if there are any, and the codestream's header; what follows its end is left alone."""
    if data.startswith(_BARE):
        return _codestream(data, 0, len(data), Alpha.IGNORED)
    alpha = Alpha.IGNORED
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"jp2h":
            alpha = _alpha(data, start, end)
        elif kind == b"jp2c":
            return _codestream(data, start, end, alpha)
    raise Refused("a truncated JPEG 2000")


def _boxes(data: bytes, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Walk the boxes between two places: kind, start and end of what is in each."""
    while position < end:
        length, kind = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start)
            start += 8
        position = position + length if length else end
        if position > end:
            raise Refused("a truncated JPEG 2000")
        if position < start:
            raise Refused("a damaged JPEG 2000")
        yield kind, start, position


def _alpha(data: bytes, start: int, end: int) -> Alpha:
    """Tell what the channels mean; raise Refused for colours that OpenCV would misread."""
    alpha = Alpha.IGNORED
    for kind, place, _ in _boxes(data, start, end):
        if kind == b"pclr":
            raise Refused("a JPEG 2000 with a palette, which OpenCV misreads")
        if kind == b"colr" and data[place] == 1 and struct.unpack_from(">I", data, place + 3)[0] not in (_SRGB, _GREY):
            raise Refused("a JPEG 2000 of a colour space that OpenCV misreads")
        if kind == b"cdef":
            (count,) = struct.unpack_from(">H", data, place)
            for number in range(count):
                meaning = struct.unpack_from(">HHH", data, place + 2 + 6 * number)[1]
                alpha = _ALPHAS.get(meaning, alpha)
    return alpha


def _codestream(data: bytes, start: int, end: int, alpha: Alpha) -> Encoded:
    right, bottom, left, top = struct.unpack_from(">4I", data, start + 8)
    (components,) = struct.unpack_from(">H", data, start + 40)
    samples = {struct.unpack_from(">BBB", data, start + 42 + 3 * number) for number in range(components)}
    if alpha is not Alpha.IGNORED and components != _RGBA:
        raise Refused("a transparent JPEG 2000 other than RGBA, whose transparency OpenCV drops")
    if len(samples) != 1 or components not in (1, 3, 4):
        raise Refused("a JPEG 2000 of components that OpenCV cannot join")
    ((depth, *_),) = samples
    _require_end(data, start, end)
    return Encoded(data, right - left, bottom - top, unchanged=True, alpha=alpha, white=(2 << (depth & 0x7F)) - 1)


def _require_end(data: bytes, position: int, end: int) -> None:
    """Walk the main header's segments and then the tile parts; raise Refused unless the end marker follows them."""
    position += 2
    while True:
        marker, length = struct.unpack_from(">HH", data, position)
        if marker == _TILE_PART:
            break
        position += 2 + length
    while marker == _TILE_PART:
        (length,) = struct.unpack_from(">I", data, position + 6)
        if length == 0:
            # The last tile part goes on to the end, wherever that is.
            position = data.rfind(b"\xff\xd9", position, end)
        position += length
        if not 0 < position <= end - 2:
            raise Refused("a truncated JPEG 2000")
        (marker,) = struct.unpack_from(">H", data, position)
    if marker != _END:
        raise Refused("a damaged JPEG 2000")


FORMAT = Format("JPEG 2000", (_BOXED, _BARE), read)
