"""An image's longer side, from its header or by decoding it."""

import io

import numpy as np
import pytest
from PIL import Image

from ingest.errors import UnreadableImage
from ingest.images.image_size import longer_side


def encoded(format: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((40, 70, 3), np.uint8)).save(file, format)
    return file.getvalue()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000"])
def test_the_longer_side_of_every_format_is_that_of_its_pixels(format: str) -> None:
    assert longer_side(encoded(format), "image") == 70


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP"])
def test_a_header_is_enough(format: str) -> None:
    assert longer_side(encoded(format)[:-10], "image") == 70


def test_a_jpeg_with_a_large_preview_before_its_size_is_decoded() -> None:
    comment = b"\xff\xfe\xff\xff" + bytes(65_533)
    data = encoded("JPEG")
    assert longer_side(data[:2] + comment + comment + data[2:], "image") == 70


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(UnreadableImage):
        longer_side(b"\x89PNG\r\n\x1a\n and nothing else", "image")
