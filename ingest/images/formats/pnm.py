"""PNM: portable bitmaps, greymaps and pixmaps, in text and in binary (Netpbm's pbm, pgm and ppm pages)."""

import re

from ingest.images.formats.image_format import EncodedImage, ImageFormat, NotDecodable

_SIGNATURES = tuple(b"P%d%c" % (number, space) for number in range(1, 7) for space in b" \t\n\r\v\f")

_GAP = rb"(?:\s|#[^\r\n]*+[\r\n])*+"
_NUMBER = _GAP + rb"(\d{1,9})(?!\d)"
_SIZE = re.compile(rb"P[1-6](?=\s)" + _NUMBER + _NUMBER)
_MAXIMUM = re.compile(_NUMBER)

#: The signature and the width or a comment: two letters begin texts as well.
_PATTERN = re.compile(rb"P[1-6]\s+(?:#|\d)")

_BITMAPS, _PIXMAPS, _FIRST_BINARY = (1, 4), (3, 6), 4


def read(data: bytes) -> EncodedImage:
    """Read the header, and check that there are enough bytes for all values."""
    number = data[1] - ord("0")
    header = _SIZE.match(data)
    white = 1
    if header and number not in _BITMAPS:
        maximum = _MAXIMUM.match(data, header.end())
        white = int(maximum[1]) if maximum else 0
        end = maximum.end() if maximum else 0
    else:
        end = header.end() if header else 0
    if not header or not 0 < white <= 0xFFFF:
        raise NotDecodable("a damaged PNM")
    width, height = int(header[1]), int(header[2])
    samples = width * height * (3 if number in _PIXMAPS else 1)
    if number < _FIRST_BINARY:
        # At least one digit per value, and a space between values, which bitmaps may leave out.
        min_bytes = samples if number in _BITMAPS else 2 * samples - 1
    elif number in _BITMAPS:
        min_bytes = (width + 7) // 8 * height
    else:
        min_bytes = samples * (2 if white > 0xFF else 1)
    if end + 1 + min_bytes > len(data):
        raise NotDecodable("a truncated PNM")
    # OpenCV scales bitmaps, and text of at most 8 bits, to 0..255; others it does not scale.
    scaled = number in _BITMAPS or (number < _FIRST_BINARY and white <= 0xFF)
    return EncodedImage(data, width, height, unchanged=True, white=0xFF if scaled else white)


FORMAT = ImageFormat("PNM", _SIGNATURES, ("pbm", "pgm", "pnm", "ppm"), read, _PATTERN)
