"""PNM: the six portable bitmaps, greymaps and pixmaps, in text and in binary (Netpbm's pbm, pgm and ppm pages)."""

import re

from ingest.images.formats.image_format import Encoded, Format, Refused

_SIGNATURES = tuple(b"P%d%c" % (number, space) for number in range(1, 7) for space in b" \t\n\r\v\f")

_GAP = rb"(?:\s|#[^\r\n]*+[\r\n])*+"
_NUMBER = _GAP + rb"(\d{1,9})(?!\d)"
_SIZE = re.compile(rb"P[1-6](?=\s)" + _NUMBER + _NUMBER)
_WHITEST = re.compile(_NUMBER)

_BITMAPS, _PIXMAPS, _FIRST_BINARY = (1, 4), (3, 6), 4


def read(data: bytes) -> Encoded:
    """Read the header; there must be at least as many bytes as the values need."""
    number = data[1] - ord("0")
    header = _SIZE.match(data)
    white = 1
    if header and number not in _BITMAPS:
        maximum = _WHITEST.match(data, header.end())
        white = int(maximum[1]) if maximum else 0
        end = maximum.end() if maximum else 0
    else:
        end = header.end() if header else 0
    if not header or not 0 < white <= 0xFFFF:
        raise Refused("a damaged PNM")
    width, height = int(header[1]), int(header[2])
    samples = width * height * (3 if number in _PIXMAPS else 1)
    if number < _FIRST_BINARY:
        # A digit each, with a space between all but those of a bitmap.
        least = samples if number in _BITMAPS else 2 * samples - 1
    elif number in _BITMAPS:
        least = (width + 7) // 8 * height
    else:
        least = samples * (2 if white > 0xFF else 1)
    if end + 1 + least > len(data):
        raise Refused("a truncated PNM")
    # OpenCV spreads bitmaps, and small values in text, over 0 to 255 itself; the others it leaves as they are.
    spread = number in _BITMAPS or (number < _FIRST_BINARY and white <= 0xFF)
    return Encoded(data, width, height, unchanged=True, white=0xFF if spread else white)


FORMAT = Format("PNM", _SIGNATURES, read)
