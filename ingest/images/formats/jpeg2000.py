"""JPEG 2000: size, samples and alpha, and whether the codestream is complete (ITU-T T.800, annexes A and I)."""

import struct
from collections.abc import Iterator

from ingest.images.formats.image_format import Alpha, EncodedImage, ImageFormat, NotDecodable

_JP2_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_CODESTREAM_SIGNATURE = b"\xff\x4f\xff\x51"

_TILE_PART, _END = 0xFF90, 0xFFD9
_ENUMERATED, _SRGB, _GREY = 1, 16, 17
_ALPHAS = {1: Alpha.STRAIGHT, 2: Alpha.PREMULTIPLIED}
_RGBA = 4


def read(data: bytes) -> EncodedImage:
    """Read the boxes, if there are any, and the codestream's header; data after its end is ignored."""
    if data.startswith(_CODESTREAM_SIGNATURE):
        return _codestream(data, 0, len(data), Alpha.IGNORED)
    alpha = Alpha.IGNORED
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"jp2h":
            alpha = _alpha(data, start, end)
        elif kind == b"jp2c":
            return _codestream(data, start, end, alpha)
    raise NotDecodable("a truncated JPEG 2000")


def _boxes(data: bytes, offset: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the boxes between two offsets: the kind of each, and the start and end of its content."""
    while offset < end:
        length, kind = struct.unpack_from(">I4s", data, offset)
        start = offset + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start)
            start += 8
        offset = offset + length if length else end
        if offset > end:
            raise NotDecodable("a truncated JPEG 2000")
        if offset < start:
            raise NotDecodable("a damaged JPEG 2000")
        yield kind, start, offset


def _alpha(data: bytes, start: int, end: int) -> Alpha:
    """Return the meaning of the fourth channel; raise NotDecodable for colours that OpenCV would misread."""
    alpha = Alpha.IGNORED
    for kind, offset, _ in _boxes(data, start, end):
        if kind == b"pclr":
            raise NotDecodable("a JPEG 2000 with a palette, which OpenCV misreads")
        if kind == b"colr" and data[offset] == _ENUMERATED:
            (colour_space,) = struct.unpack_from(">I", data, offset + 3)
            if colour_space not in (_SRGB, _GREY):
                raise NotDecodable("a JPEG 2000 of a colour space that OpenCV misreads")
        if kind == b"cdef":
            (count,) = struct.unpack_from(">H", data, offset)
            for number in range(count):
                meaning = struct.unpack_from(">HHH", data, offset + 2 + 6 * number)[1]
                alpha = _ALPHAS.get(meaning, alpha)
    return alpha


def _codestream(data: bytes, start: int, end: int, alpha: Alpha) -> EncodedImage:
    right, bottom, left, top = struct.unpack_from(">4I", data, start + 8)
    (components,) = struct.unpack_from(">H", data, start + 40)
    samples = {struct.unpack_from(">BBB", data, start + 42 + 3 * number) for number in range(components)}
    if alpha is not Alpha.IGNORED and components != _RGBA:
        raise NotDecodable("a transparent JPEG 2000 other than RGBA, whose transparency OpenCV drops")
    if len(samples) != 1 or components not in (1, 3, 4):
        raise NotDecodable("a JPEG 2000 of components that OpenCV cannot combine")
    ((depth, *_),) = samples
    _require_end(data, start, end)
    return EncodedImage(data, right - left, bottom - top, unchanged=True, alpha=alpha, white=(2 << (depth & 0x7F)) - 1)


def _require_end(data: bytes, offset: int, end: int) -> None:
    """Raise NotDecodable unless the end marker follows the main header's segments and the tile parts."""
    offset += 2
    while True:
        marker, length = struct.unpack_from(">HH", data, offset)
        if marker == _TILE_PART:
            break
        offset += 2 + length
    while marker == _TILE_PART:
        (length,) = struct.unpack_from(">I", data, offset + 6)
        if length == 0:
            # The length 0 means that the last tile part extends to the end marker.
            offset = data.rfind(b"\xff\xd9", offset, end)
        offset += length
        if not 0 < offset <= end - 2:
            raise NotDecodable("a truncated JPEG 2000")
        (marker,) = struct.unpack_from(">H", data, offset)
    if marker != _END:
        raise NotDecodable("a damaged JPEG 2000")


FORMAT = ImageFormat("JPEG 2000", (_JP2_SIGNATURE, _CODESTREAM_SIGNATURE), ("j2k", "jp2"), read)
