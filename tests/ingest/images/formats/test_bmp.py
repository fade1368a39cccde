"""BMP: the pixels that each kind of file is decoded to."""

import pytest

from tests.ingest.images.formats.rows import WHITE, Row, first_row
from tests.ingest.images.handmade import bmp

BGRA_MASKS = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
ABGR_MASKS = (0xFF000000, 0xFF0000, 0xFF00, 0xFF)
TWO_COLOURS = bytes([3, 2, 1, 0, 60, 50, 40, 0])

BMPS: dict[str, tuple[bytes, Row]] = {
    "24 bits": (bmp.bmp_of(1, 1, 24, bytes([3, 2, 1, 0])), [(1, 2, 3)]),
    "24 bits from the top down": (bmp.bmp_of(1, -2, 24, bytes([3, 2, 1, 0, 9, 9, 9, 0])), [(1, 2, 3)]),
    "palette": (bmp.bmp_of(2, 1, 8, bytes([1, 0, 0, 0]), palette=TWO_COLOURS * 128), [(40, 50, 60), (1, 2, 3)]),
    "1 bit": (bmp.bmp_of(2, 1, 1, bytes([0b01000000, 0, 0, 0]), palette=TWO_COLOURS), [(1, 2, 3), (40, 50, 60)]),
    "run lengths": (
        bmp.bmp_of(3, 1, 8, bytes([2, 1, 1, 0, 0, 1]), bmp.RLE8, palette=TWO_COLOURS * 128),
        [(40, 50, 60), (40, 50, 60), (1, 2, 3)],
    ),
    "32 bits without alpha": (bmp.bmp_of(2, 1, 32, bytes([3, 2, 1, 0, 6, 5, 4, 0])), [(1, 2, 3), (4, 5, 6)]),
    "32 bits with masks and no alpha": (
        bmp.bmp_of(1, 1, 32, bytes([3, 2, 1, 0]), bmp.MASKS, (*BGRA_MASKS[:3], 0), header=56),
        [(1, 2, 3)],
    ),
    "32 bits with masks behind the header": (
        bmp.bmp_of(1, 1, 32, bytes([3, 2, 1, 0]), bmp.MASKS, BGRA_MASKS[:3]),
        [(1, 2, 3)],
    ),
    "32 bits with alpha": (
        bmp.bmp_of(2, 1, 32, bytes([3, 2, 1, 0, 3, 2, 1, 255]), bmp.MASKS, BGRA_MASKS, header=108),
        [WHITE, (1, 2, 3)],
    ),
    "32 bits in another order": (
        bmp.bmp_of(2, 1, 32, bytes([0, 3, 2, 1, 255, 3, 2, 1]), bmp.MASKS, ABGR_MASKS, header=56),
        [WHITE, (1, 2, 3)],
    ),
}


@pytest.mark.parametrize(("data", "expected"), BMPS.values(), ids=BMPS)
def test_a_bmp_is_decoded(data: bytes, expected: Row) -> None:
    assert first_row(data) == expected
