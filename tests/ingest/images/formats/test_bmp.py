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
    # Rows of 3 pixels end in a padded word where they are not compressed.
    "run lengths in rows of a padded width": (
        bmp.bmp_of(3, 2, 8, bytes([3, 0, 0, 0, 2, 1, 1, 0, 0, 1]), bmp.RLE8, palette=TWO_COLOURS * 128),
        [(40, 50, 60), (40, 50, 60), (1, 2, 3)],
    ),
    "run lengths of 4 bits in rows of a padded width": (
        bmp.bmp_of(3, 2, 4, bytes([3, 0, 0, 0, 3, 0x10, 0, 1]), bmp.RLE4, palette=TWO_COLOURS * 8),
        [(40, 50, 60), (1, 2, 3), (40, 50, 60)],
    ),
    "a run over its row's end": (
        bmp.bmp_of(3, 2, 8, bytes([9, 1, 0, 0, 3, 0, 0, 1]), bmp.RLE8, palette=TWO_COLOURS * 128),
        [(1, 2, 3)] * 3,
    ),
    "16 bits": (bmp.bmp_of(2, 1, 16, b"\xff\x7f\x00\x7c"), [WHITE, (255, 0, 0)]),
    "16 bits with masks of 5, 6 and 5 bits": (
        bmp.bmp_of(2, 1, 16, b"\xff\xff\xe0\x07", bmp.MASKS, (0xF800, 0x7E0, 0x1F)),
        [WHITE, (0, 255, 0)],
    ),
    "16 bits with masks in the header": (
        bmp.bmp_of(2, 1, 16, b"\xff\xff\xe0\x07", bmp.MASKS, (0xF800, 0x7E0, 0x1F, 0), header=56),
        [WHITE, (0, 255, 0)],
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
