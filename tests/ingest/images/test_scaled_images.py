"""Large images are decoded at the scale that is needed; their size in the file is reported."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from ingest.images.images import Image, decode, decode_scaled, least_side, thumbnail, to_input
from tests.ingest.images.handmade.jpeg import with_orientation
from tests.toys import noise, png

SMOOTH = np.asarray(cv2.resize(noise(12, 18, 3), (960, 600), interpolation=cv2.INTER_CUBIC), np.uint8)


def jpeg(image: Image) -> bytes:
    file = io.BytesIO()
    PillowImage.fromarray(image).save(file, "JPEG", quality=98, subsampling=0)
    return file.getvalue()


@pytest.mark.parametrize(
    ("least", "shape"), [(None, (600, 960)), (301, (600, 960)), (300, (300, 480)), (100, (150, 240)), (75, (75, 120))]
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_keeps_its_shorter_side(
    least: int | None, shape: tuple[int, int]
) -> None:
    image = decode_scaled(jpeg(SMOOTH), "a.jpg", least)
    assert (image.width, image.height, image.pixels.shape) == (960, 600, (*shape, 3))
    expected = cv2.resize(SMOOTH, shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(image.pixels.astype(int) - expected).mean() < 2


def test_another_image_is_divided_by_a_whole_number_that_keeps_its_shorter_side() -> None:
    image = decode_scaled(png(SMOOTH), "a.png", 200)
    assert (image.width, image.height) == (960, 600)
    np.testing.assert_array_equal(image.pixels, PillowImage.fromarray(SMOOTH).reduce(3))


def test_the_size_is_that_of_the_upright_image() -> None:
    image = decode_scaled(with_orientation(jpeg(SMOOTH), 6), "a.jpg", 100)
    assert (image.width, image.height, image.pixels.shape) == (600, 960, (240, 150, 3))


@pytest.mark.parametrize("encode", [png, jpeg])
def test_an_input_is_nearly_the_same_from_fewer_pixels(encode: object) -> None:
    assert callable(encode)
    data = encode(SMOOTH)
    scaled = decode_scaled(data, "an image", least_side(32, "area")).pixels
    assert scaled.size < SMOOTH.size / 4
    exact = cv2.resize(decode(data, "an image").astype(np.float32) / 255, (32, 32), interpolation=cv2.INTER_AREA)
    assert np.abs(to_input(scaled, 32, "area") - exact).max() < 3 / 255


def test_a_file_without_loss_and_its_pixels_give_the_same_input() -> None:
    scaled = decode_scaled(png(SMOOTH), "a.png", least_side(64, "area")).pixels
    np.testing.assert_array_equal(to_input(scaled, 64, "area"), to_input(SMOOTH, 64, "area"))


def test_a_small_image_keeps_its_bits() -> None:
    image = noise(150, 191, 3)
    expected = cv2.resize(image.astype(np.float32) / np.float32(255), (32, 32), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(to_input(image, 32, "area"), expected)


def test_linear_interpolation_needs_all_pixels() -> None:
    assert [least_side(32, "linear"), least_side(32, "area"), least_side(224, "area")] == [None, 96, 448]


def test_a_thumbnail_of_a_large_image_is_its_average() -> None:
    expected = cv2.resize(SMOOTH, (96, 60), interpolation=cv2.INTER_AREA)
    assert np.abs(decode(thumbnail(SMOOTH), "a thumbnail").astype(int) - expected).max() <= 2
