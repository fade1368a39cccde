"""ICO: the pixels of the largest picture."""

import struct

import pytest

from tests.ingest.images.formats.rows import WHITE, Row, first_row
from tests.ingest.images.handmade.bmp import bmp_of
from tests.ingest.images.handmade.png import png_of
from tests.ingest.images.refusals import reason

PNG = png_of(2, [bytes([1, 2, 3, 4, 5, 6])])
#: A bitmap without the file's header, twice as high as shown: the mask below makes the second pixel transparent.
BITMAP = bmp_of(2, 2, 24, bytes([3, 2, 1, 6, 5, 4, 0, 0]) + bytes([0x40, 0, 0, 0]))[14:]


def ico(*pictures: tuple[int, int, bytes]) -> bytes:
    """Return an icon of pictures with their width and height."""
    offset = 6 + 16 * len(pictures)
    entries = b""
    for width, height, data in pictures:
        entries += struct.pack("<BBBBHHII", width, height, 0, 0, 1, 24, len(data), offset)
        offset += len(data)
    return struct.pack("<HHH", 0, 1, len(pictures)) + entries + b"".join(data for *_, data in pictures)


ICOS: dict[str, tuple[bytes, Row]] = {
    "PNG": (ico((2, 1, PNG)), [(1, 2, 3), (4, 5, 6)]),
    "bitmap": (ico((2, 1, BITMAP)), [(1, 2, 3), WHITE]),
    "the largest of two": (ico((1, 1, png_of(1, [b"abc"])), (2, 1, PNG)), [(1, 2, 3), (4, 5, 6)]),
}


@pytest.mark.parametrize(("data", "expected"), ICOS.values(), ids=ICOS)
def test_an_icon_is_decoded(data: bytes, expected: Row) -> None:
    assert first_row(data) == expected


def test_an_icon_whose_picture_is_cut_is_refused() -> None:
    assert reason(ico((2, 1, PNG))[:-1]) == "a truncated ICO"


def test_an_icon_of_a_huge_bitmap_is_refused() -> None:
    huge = BITMAP[:4] + struct.pack("<ii", 9999, 2) + BITMAP[12:]
    assert reason(ico((2, 1, huge))) == "a damaged ICO"
