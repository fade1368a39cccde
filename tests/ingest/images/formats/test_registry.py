"""Which files the registry recognizes as images, by their first bytes or suffixes."""

import cv2
import pytest

from ingest.images.formats.registry import SIGNATURE_BYTES, SUFFIXES, begins_like_image
from tests.toys import noise


@pytest.mark.parametrize("suffix", ["bmp", "gif", "jpg", "pbm", "pgm", "png", "ppm", "tiff", "webp"])
def test_the_first_bytes_of_what_opencv_writes_are_recognized(suffix: str) -> None:
    shape = (50, 70) if suffix in ("pbm", "pgm") else (50, 70, 3)
    encoded, data = cv2.imencode(f".{suffix}", noise(*shape, seed=3))
    assert encoded
    assert begins_like_image(data.tobytes()[:SIGNATURE_BYTES])


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xd8\xff\xe1",
        b"GIF87a",
        b"MM\0*",
        b"II+\0",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"\xff\x4f\xff\x51",
        b"P1\n# made by hand\n5 7\n",
        b"BM" + bytes(12) + b"\x0c\0\0\0",
    ],
)
def test_rarer_signatures_are_recognized_too(head: bytes) -> None:
    assert begins_like_image(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x89PN",
        b"BMW is a maker of motor cars, and more",
        b"P.S. I was here",
        b"P5 is a port",
        b"P8 3 3",
        b"II. The second chapter",
        b"MM and more",
        b"RIFF\0\0\0\0WAVEfmt",
        b"<html>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"\0" * 32,
    ],
)
def test_texts_and_other_files_are_not_recognized(head: bytes) -> None:
    assert not begins_like_image(head)


def test_the_suffixes_are_those_of_all_formats_and_of_the_known_ones_that_cannot_be_decoded() -> None:
    assert " ".join(sorted(SUFFIXES)) == (
        "apng avif bmp dib gif heic heif j2k jfif jp2 jpe jpeg jpg jxl pbm pgm png pnm ppm tif tiff webp"
    )
