"""TIFF: the pixels that each kind of file is decoded to."""

import struct
import zlib

import numpy as np
import pytest

from tests.ingest.images.formats.rows import WHITE, Row, first_row, grey, shorts
from tests.ingest.images.handmade.tiff import BLACK_IS_ZERO, CMYK, LAB, PALETTE, RGB, WHITE_IS_ZERO, tiff_of
from tests.ingest.images.refusals import reason

PLANES, COLOUR_MAP, EXTRA, FORMAT = 284, 320, 338, 339
ROWS, COMPRESSION, SUBFILE, SUB_DIRECTORIES, DNG = 278, 259, 254, 330, 50706
LZW, DEFLATE, PACK_BITS, GROUP_4 = 5, 8, 32773, 4
UNKNOWN, PREMULTIPLIED, STRAIGHT = [0], [1], [2]
SIGNED, FLOATING, COMPLEX = 2, 3, 6

COLOUR = bytes([1, 2, 3, 4, 5, 6])
COLOUR_ROW = [(1, 2, 3), (4, 5, 6)]


NOISE = np.random.default_rng(3).integers(0, 256, 1200, np.uint8).tobytes()
DAMAGED = "a damaged or truncated TIFF (decoder error -2)"
RAW = "a RAW file, which is not read: export it as JPEG or PNG"


def compressed(method: int, data: bytes) -> bytes:
    """Return a TIFF of 20 by 20 pixels in RGB, in one strip."""
    return tiff_of(20, 20, [data], tags={COMPRESSION: [method]})


def short(*numbers: int) -> bytes:
    return shorts(*numbers, order="<")


TIFFS: dict[str, tuple[bytes, Row]] = {
    "colour": (tiff_of(2, 1, [COLOUR]), COLOUR_ROW),
    "the other byte order": (tiff_of(2, 1, [COLOUR], order=">"), COLOUR_ROW),
    "big": (tiff_of(2, 1, [COLOUR], big=True), COLOUR_ROW),
    "strips": (tiff_of(1, 2, [COLOUR[:3], COLOUR[3:]]), [(1, 2, 3)]),
    "planes": (tiff_of(2, 1, [b"\1\4", b"\2\5", b"\3\6"], tags={PLANES: [2]}), COLOUR_ROW),
    "tiles": (tiff_of(2, 1, [(COLOUR + bytes(90)) * 32], tile=32), COLOUR_ROW),
    "grey": (tiff_of(3, 1, [bytes([0, 51, 255])], BLACK_IS_ZERO, 1), grey(0, 51, 255)),
    "grey where 0 is white": (tiff_of(3, 1, [bytes([0, 51, 255])], WHITE_IS_ZERO, 1), grey(255, 204, 0)),
    "1 bit": (tiff_of(3, 1, [b"\x40"], BLACK_IS_ZERO, 1, bits=1), grey(0, 255, 0)),
    "1 bit where 0 is white": (tiff_of(3, 1, [b"\x40"], WHITE_IS_ZERO, 1, bits=1), grey(255, 0, 255)),
    "palette": (
        tiff_of(2, 1, [bytes([2, 0])], PALETTE, 1, tags={COLOUR_MAP: [n * 257 for n in [*range(256)] * 3]}),
        grey(2, 0),
    ),
    "CMYK": (tiff_of(2, 1, [bytes([255, 0, 0, 0, 0, 0, 0, 255])], CMYK, 4), [(0, 255, 255), (0, 0, 0)]),
    "16 bits, to the nearest": (
        tiff_of(4, 1, [short(0, 128, 129, 0xFFFF)], BLACK_IS_ZERO, 1, 16),
        grey(0, 0, 1, 255),
    ),
    "16 bits in the other byte order": (
        tiff_of(2, 1, [shorts(257, 0x8080)], BLACK_IS_ZERO, 1, 16, order=">"),
        grey(1, 128),
    ),
    "16 bits where 0 is white": (tiff_of(2, 1, [short(0, 257)], WHITE_IS_ZERO, 1, 16), grey(255, 254)),
    "colour of 16 bits": (tiff_of(1, 1, [short(257, 514, 0x8080)], bits=16), [(1, 2, 128)]),
    "tiles of 16 bits": (tiff_of(2, 1, [short(*[257] * 32 * 32)], BLACK_IS_ZERO, 1, 16, tile=32), grey(1, 1)),
    "12 bits": (tiff_of(2, 1, [bytes([0xFF, 0xF8, 0x00])], BLACK_IS_ZERO, 1, 12), grey(255, 128)),
    "grey of 4 bits": (tiff_of(2, 1, [b"\x1f"], BLACK_IS_ZERO, 1, bits=4), grey(17, 255)),
    "grey of 2 bits where 0 is white": (tiff_of(4, 1, [b"\x1b"], WHITE_IS_ZERO, 1, bits=2), grey(255, 170, 85, 0)),
    "palette of 2 bits": (
        tiff_of(4, 1, [b"\x1b"], PALETTE, 1, bits=2, tags={COLOUR_MAP: [n * 257 for n in [1, 2, 3, 4] * 3]}),
        grey(1, 2, 3, 4),
    ),
    "tiles of 16 pixels": (tiff_of(2, 1, [(COLOUR + bytes(42)) * 16], tile=16), COLOUR_ROW),
    "16 bits where 0 is white, in the other byte order": (
        tiff_of(2, 1, [shorts(0, 257)], WHITE_IS_ZERO, 1, 16, order=">"),
        grey(255, 254),
    ),
    "planes of 16 bits": (
        tiff_of(1, 1, [short(257), short(514), short(0x8080)], bits=16, tags={PLANES: [2]}),
        [(1, 2, 128)],
    ),
    "deflate": (tiff_of(2, 1, [zlib.compress(COLOUR)], tags={COMPRESSION: [DEFLATE]}), COLOUR_ROW),
    "PackBits": (tiff_of(2, 1, [b"\5" + COLOUR], tags={COMPRESSION: [PACK_BITS]}), COLOUR_ROW),
    # A white row of 8 pixels is a vertical code of no distance: 1, and the end of the block.
    "CCITT group 4": (
        tiff_of(8, 1, [b"\x80\x08\x00\x80"], WHITE_IS_ZERO, 1, bits=1, tags={COMPRESSION: [GROUP_4]}),
        [WHITE] * 8,
    ),
    "grey with alpha": (
        tiff_of(2, 1, [bytes([7, 0, 7, 255])], BLACK_IS_ZERO, 2, tags={EXTRA: STRAIGHT}),
        grey(255, 7),
    ),
    "alpha that no tag tells": (
        tiff_of(2, 1, [bytes([200, 0, 9, 0, 200, 0, 9, 255])], samples=4),
        [WHITE, (200, 0, 9)],
    ),
    "greys of Lab": (
        tiff_of(3, 1, [bytes([0, 0, 0, 128, 0, 0, 255, 0, 0])], LAB),
        [(1, 0, 1), (119, 119, 119), (254, 255, 254)],
    ),
    "alpha": (
        tiff_of(2, 1, [bytes([200, 0, 9, 0, 200, 0, 9, 255])], samples=4, tags={EXTRA: STRAIGHT}),
        [WHITE, (200, 0, 9)],
    ),
    "half alpha": (tiff_of(1, 1, [bytes([200, 0, 9, 51])], samples=4, tags={EXTRA: STRAIGHT}), [(244, 204, 206)]),
    "colours that alpha is multiplied into": (
        tiff_of(2, 1, [bytes([40, 0, 2, 51, 255, 255, 255, 0])], samples=4, tags={EXTRA: PREMULTIPLIED}),
        [(244, 204, 206), WHITE],
    ),
    "alpha of 16 bits": (
        tiff_of(2, 1, [short(51400, 0, 2313, 0, 51400, 0, 2313, 13107)], RGB, 4, 16, tags={EXTRA: STRAIGHT}),
        [WHITE, (244, 204, 206)],
    ),
    "colours of 16 bits that alpha is multiplied into": (
        tiff_of(1, 1, [short(10280, 0, 514, 13107)], RGB, 4, 16, tags={EXTRA: PREMULTIPLIED}),
        [(244, 204, 206)],
    ),
    "a fourth sample that is not alpha": (
        tiff_of(1, 1, [bytes([200, 0, 9, 0])], samples=4, tags={EXTRA: UNKNOWN}),
        [(200, 0, 9)],
    ),
    "a fourth sample of 16 bits that is not alpha": (
        tiff_of(1, 1, [short(257, 514, 0x8080, 0)], samples=4, bits=16, tags={EXTRA: UNKNOWN}),
        [(1, 2, 128)],
    ),
}

REFUSED: dict[str, tuple[bytes, str]] = {
    "floating-point": (
        tiff_of(1, 1, [struct.pack("<f", 0.5)], BLACK_IS_ZERO, 1, 32, tags={FORMAT: [FLOATING]}),
        "a TIFF of floating-point numbers, which have no defined white",
    ),
    "signed": (
        tiff_of(1, 1, [b"\x80"], BLACK_IS_ZERO, 1, tags={FORMAT: [SIGNED]}),
        "a TIFF of signed numbers, which have no defined white",
    ),
    "complex": (
        tiff_of(1, 1, [bytes(8)], BLACK_IS_ZERO, 1, 64, tags={FORMAT: [COMPLEX]}),
        "a TIFF of complex numbers, which have no defined white",
    ),
    "32 bits": (
        tiff_of(1, 1, [bytes(4)], BLACK_IS_ZERO, 1, 32),
        "a TIFF of 32 bits, which have no defined white",
    ),
    "5 samples": (
        tiff_of(1, 1, [bytes(5)], RGB, 5),
        "a TIFF of a kind that Pillow does not read (5 samples of 8 bits, photometric 2, compression 1)",
    ),
    "big in the other byte order": (
        tiff_of(2, 1, [COLOUR], big=True, order=">"),
        "a BigTIFF of the big-endian kind, which Pillow does not read: save it as TIFF",
    ),
    "a strip that is missing": (
        tiff_of(2, 4, [COLOUR, COLOUR], tags={ROWS: [1]}),
        "a truncated TIFF (not all strips or tiles are there)",
    ),
    "a short strip": (tiff_of(2, 2, [COLOUR + COLOUR[:3]]) + bytes(99), "a truncated TIFF (short strips)"),
    "an empty strip": (tiff_of(2, 2, [COLOUR, b""]), "a truncated TIFF"),
    "a tile that is missing": (
        tiff_of(40, 1, [bytes(32 * 32)], BLACK_IS_ZERO, 1, tile=32),
        "a truncated TIFF (not all strips or tiles are there)",
    ),
    "damaged deflate": (compressed(DEFLATE, zlib.compress(NOISE)[:-40]), DAMAGED),
    "short deflate": (compressed(DEFLATE, zlib.compress(NOISE[:600])), DAMAGED),
    "damaged LZW": (compressed(LZW, bytes(range(200, 232))), DAMAGED),
    "short PackBits": (compressed(PACK_BITS, bytes([0x81, 7])), DAMAGED),
    "raw": (tiff_of(2, 1, [COLOUR], tags={SUBFILE: [1], SUB_DIRECTORIES: [0]}), RAW),
    "DNG": (tiff_of(2, 1, [COLOUR], tags={DNG: [1]}), RAW),
    "huge tiles": (tiff_of(1, 1, [b"\0"], BLACK_IS_ZERO, 1, tile=8192), "a TIFF of huge tiles"),
}


@pytest.mark.parametrize(("data", "expected"), TIFFS.values(), ids=TIFFS)
def test_a_tiff_is_decoded(data: bytes, expected: Row) -> None:
    assert first_row(data) == expected


@pytest.mark.parametrize(("data", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_tiff_that_is_damaged_or_of_another_kind_is_refused(data: bytes, expected: str) -> None:
    assert reason(data) == expected
