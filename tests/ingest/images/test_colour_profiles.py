"""Colour profiles: pixels are converted to sRGB, in every format and at every scale."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image as PillowImage

from ingest.images.images import decode, decode_scaled
from tests.ingest.images.handmade.icc import DISPLAY_P3, SRGB, converted, profile_of
from tests.ingest.images.handmade.jpeg import jpeg_of, segment
from tests.ingest.images.handmade.png import chunk, png_of

COLOUR = (200, 90, 60)
P3, DIFFERENCE = profile_of(DISPLAY_P3), 12


def encoded(kind: str, profile: bytes, side: int = 16) -> bytes:
    file = io.BytesIO()
    PillowImage.new("RGB", (side, side), COLOUR).save(file, kind, icc_profile=profile, quality=100, lossless=True)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_display_p3_is_converted(kind: str) -> None:
    pixel = decode(encoded(kind, P3), "an image")[8, 8].astype(int)
    np.testing.assert_allclose(pixel, converted(COLOUR, DISPLAY_P3), atol=3)
    assert abs(pixel - COLOUR).max() > DIFFERENCE


def test_a_profile_of_the_same_primaries_changes_next_to_nothing() -> None:
    np.testing.assert_allclose(decode(encoded("PNG", profile_of(SRGB)), "a.png")[0, 0].astype(int), COLOUR, atol=3)


def test_a_reduced_image_is_converted_too() -> None:
    for kind in ("JPEG", "PNG"):
        image = decode_scaled(encoded(kind, P3, side=900), "an image", 100).pixels
        assert image.shape[0] < 200
        np.testing.assert_allclose(image[50, 50], converted(COLOUR, DISPLAY_P3), atol=3)


def test_a_profile_in_several_parts_is_joined_in_the_order_of_their_numbers() -> None:
    data = encoded("JPEG", b"")
    half = len(P3) // 2
    parts = [b"ICC_PROFILE\0\1\2" + P3[:half], b"ICC_PROFILE\0\2\2" + P3[half:]]
    for order in (parts, parts[::-1]):
        pixel = decode(data[:2] + b"".join(segment(0xE2, part) for part in order) + data[2:], "a.jpg")[8, 8]
        np.testing.assert_allclose(pixel, converted(COLOUR, DISPLAY_P3), atol=3)


@pytest.mark.parametrize("profile", [b"", b"nonsense", P3[:200], P3.replace(b"RGB ", b"CMYK")])
def test_a_damaged_profile_and_one_of_other_colours_is_ignored(profile: bytes) -> None:
    flat = jpeg_of([(200, 128, 128)])
    tagged = flat[:2] + segment(0xE2, b"ICC_PROFILE\0\1\1" + profile) + flat[2:]
    assert decode(tagged, "a.jpg")[0, 0].tolist() == [200, 200, 200]
    data = png_of(1, [bytes(COLOUR)], before=[chunk(b"iCCP", b"a\0\0" + zlib.compress(profile))])
    assert tuple(decode(data, "a.png")[0, 0].tolist()) == COLOUR
