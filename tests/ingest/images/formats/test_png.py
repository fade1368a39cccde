"""PNG: the pixels that each kind of file is decoded to."""

import struct
import zlib

import numpy as np
import pytest

from ingest.images.images import decode
from tests.ingest.images.formats.rows import WHITE, Row, first_row, grey, shorts
from tests.ingest.images.handmade.png import GREY, GREY_ALPHA, PALETTE, RGB, RGBA, chunk, png_of

PALETTE_CHUNK = chunk(b"PLTE", bytes([1, 2, 3, 40, 50, 60, 100, 110, 120, 200, 210, 220]))
ANIMATED = chunk(b"acTL", struct.pack(">II", 2, 0))
FIRST, NEXT = (chunk(b"fcTL", struct.pack(">5IHHBB", number, 1, 1, 0, 0, 1, 1, 0, 0)) for number in (0, 1))
FRAME_DATA = chunk(b"fdAT", struct.pack(">I", 2) + zlib.compress(bytes([0, 70, 80, 90])))

PNGS: dict[str, tuple[bytes, Row]] = {
    "grey": (png_of(3, [bytes([0, 51, 255])], GREY), grey(0, 51, 255)),
    "grey of 1 bit": (png_of(3, [bytes([0b01000000])], GREY, 1), grey(0, 255, 0)),
    "grey of 2 bits": (png_of(4, [bytes([0b00011011])], GREY, 2), grey(0, 85, 170, 255)),
    "grey of 4 bits": (png_of(2, [bytes([0x1F])], GREY, 4), grey(17, 255)),
    "grey of 16 bits, to the nearest": (png_of(4, [shorts(0, 128, 129, 0xFFFF)], GREY, 16), grey(0, 0, 1, 255)),
    "colour": (png_of(2, [bytes([1, 2, 3, 4, 5, 6])]), [(1, 2, 3), (4, 5, 6)]),
    "colour of 16 bits": (png_of(1, [shorts(257, 514, 0x8080)], RGB, 16), [(1, 2, 128)]),
    "palette": (png_of(2, [bytes([2, 0])], PALETTE, before=[PALETTE_CHUNK]), [(100, 110, 120), (1, 2, 3)]),
    "palette of 2 bits": (
        png_of(4, [bytes([0b00011011])], PALETTE, 2, before=[PALETTE_CHUNK]),
        [(1, 2, 3), (40, 50, 60), (100, 110, 120), (200, 210, 220)],
    ),
    "palette with transparency": (
        png_of(3, [bytes([0, 1, 2])], PALETTE, before=[PALETTE_CHUNK, chunk(b"tRNS", bytes([0, 128]))]),
        [WHITE, (147, 152, 157), (100, 110, 120)],
    ),
    "grey with alpha": (png_of(3, [bytes([7, 0, 7, 128, 7, 255])], GREY_ALPHA), grey(255, 131, 7)),
    "colour with alpha": (
        png_of(3, [bytes([200, 0, 9, 0, 200, 0, 9, 51, 200, 0, 9, 255])], RGBA),
        [WHITE, (244, 204, 206), (200, 0, 9)],
    ),
    "colour and alpha of 16 bits": (
        png_of(2, [shorts(0xFFFF, 0, 257, 0, 0xFFFF, 0, 257, 0xFFFF)], RGBA, 16),
        [WHITE, (255, 0, 1)],
    ),
    "a transparent colour": (
        png_of(2, [bytes([1, 2, 3, 1, 2, 4])], before=[chunk(b"tRNS", shorts(1, 2, 3))]),
        [WHITE, (1, 2, 4)],
    ),
    "a transparent grey": (png_of(2, [bytes([7, 8])], GREY, before=[chunk(b"tRNS", shorts(7))]), grey(255, 8)),
    "a transparent grey with stray bits": (
        png_of(2, [bytes([7, 8])], GREY, before=[chunk(b"tRNS", shorts(0x107))]),
        grey(255, 8),
    ),
    "a transparent grey of 2 bits": (
        png_of(4, [bytes([0b00011011])], GREY, 2, before=[chunk(b"tRNS", shorts(1))]),
        grey(0, 255, 170, 255),
    ),
    "a transparent grey of 16 bits, and its neighbour": (
        png_of(2, [shorts(1000, 1001)], GREY, 16, before=[chunk(b"tRNS", shorts(1000))]),
        grey(255, 4),
    ),
    "a transparent colour of 16 bits": (
        png_of(2, [shorts(257, 514, 771, 0xFFFF, 0, 0)], RGB, 16, before=[chunk(b"tRNS", shorts(257, 514, 771))]),
        [WHITE, (255, 0, 0)],
    ),
    "an animation whose first frame is the still image": (
        png_of(1, [bytes([1, 2, 3])], before=[ANIMATED, FIRST], after=[NEXT, FRAME_DATA]),
        [(1, 2, 3)],
    ),
    "the still image of an animation without it": (
        png_of(1, [bytes([1, 2, 3])], before=[ANIMATED], after=[FIRST, FRAME_DATA]),
        [(1, 2, 3)],
    ),
}


@pytest.mark.parametrize(("data", "expected"), PNGS.values(), ids=PNGS)
def test_a_png_is_decoded(data: bytes, expected: Row) -> None:
    assert first_row(data) == expected


def test_a_png_larger_than_one_band_is_decoded() -> None:
    values = np.random.default_rng(1).integers(0, 0x10000, (700, 600), np.uint16)
    data = png_of(600, [row.astype(">u2").tobytes() for row in values], GREY, 16)
    expected = np.rint(values / 257).astype(np.uint8)
    np.testing.assert_array_equal(decode(data, "a.png"), np.stack([expected] * 3, axis=2))


def test_a_bad_colour_profile_causes_no_warning(capfd: pytest.CaptureFixture[str]) -> None:
    data = png_of(1, [bytes([1, 2, 3])], before=[chunk(b"iCCP", b"bad\0\0" + zlib.compress(bytes(9)))])
    assert first_row(data) == [(1, 2, 3)]
    assert capfd.readouterr() == ("", "")
