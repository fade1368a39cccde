"""PNM: the pixels that each kind of file is decoded to."""

import pytest

from tests.ingest.images.formats.rows import Row, first_row, grey, shorts

PNMS: dict[str, tuple[bytes, Row]] = {
    "bitmap in text": (b"P1\n# a comment\n3 1\n0 1 0\n", grey(255, 0, 255)),
    "greymap in text": (b"P2 3 1 100\n0 40 100\n", grey(0, 102, 255)),
    "greymap in text of 16 bits": (b"P2 3 1 1023\n0 341 1023\n", grey(0, 85, 255)),
    "pixmap in text": (b"P3 1 1 255\n1 2 3\n", [(1, 2, 3)]),
    "bitmap": (b"P4 3 1\n\x40", grey(255, 0, 255)),
    "greymap": (b"P5 3 1 255\n" + bytes([0, 51, 255]), grey(0, 51, 255)),
    "greymap up to 100, and beyond": (b"P5 4 1 100\n" + bytes([0, 40, 100, 200]), grey(0, 102, 255, 255)),
    "greymap up to 1023": (b"P5 3 1 1023\n" + shorts(0, 341, 1023), grey(0, 85, 255)),
    "pixmap": (b"P6 1 1 255\n" + bytes([1, 2, 3]), [(1, 2, 3)]),
    "pixmap of 16 bits": (b"P6 1 1 65535\n" + shorts(257, 514, 0x8080), [(1, 2, 128)]),
}


@pytest.mark.parametrize(("data", "expected"), PNMS.values(), ids=PNMS)
def test_a_pnm_is_decoded(data: bytes, expected: Row) -> None:
    assert first_row(data) == expected
