"""JPEG: the pixels that each kind of file is decoded to."""

import pytest

from tests.ingest.images.formats.rows import WHITE, Row, first_row, grey
from tests.ingest.images.handmade.jpeg import ADOBE_CMYK, ADOBE_YCCK, jpeg_of

JPEGS: dict[str, tuple[bytes, Row]] = {
    "grey": (jpeg_of([(0,), (51,), (255,)]), grey(0, 51, 255)),
    "colour": (jpeg_of([(200, 128, 128), (76, 85, 255), (150, 44, 21)]), [(200, 200, 200), (254, 0, 0), (0, 255, 1)]),
    # Adobe stores 255 less the ink.
    "CMYK": (
        jpeg_of([(255, 255, 255, 255), (0, 255, 255, 255), (255, 255, 255, 0), (255, 128, 0, 191)], ADOBE_CMYK),
        [WHITE, (0, 255, 255), (0, 0, 0), (191, 96, 0)],
    ),
    # Without Adobe's marker too, as Pillow and Firefox take it.
    "CMYK of another writer": (jpeg_of([(255, 255, 255, 255), (255, 255, 255, 0)]), [WHITE, (0, 0, 0)]),
    "YCCK": (
        jpeg_of([(0, 128, 128, 255), (179, 171, 1, 255), (0, 128, 128, 128)], ADOBE_YCCK),
        [WHITE, (254, 0, 0), grey(128)[0]],
    ),
}


@pytest.mark.parametrize(("data", "expected"), JPEGS.values(), ids=JPEGS)
def test_a_jpeg_is_decoded(data: bytes, expected: Row) -> None:
    assert first_row(data)[::8] == expected
