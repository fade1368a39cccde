"""Decoding and resizing images."""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from ingest.errors import UnreadableImage
from ingest.images.images import Image, checked_image, content_digest, decode, thumbnail, to_input
from tests.errors import error_message
from tests.ingest.images.samples import SAMPLES
from tests.toys import grey, noise, png


def jpeg(image: Image, quality: int = 95) -> bytes:
    encoded, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert encoded
    return data.tobytes()


def test_a_png_in_colour_is_decoded_to_its_rgb_pixels() -> None:
    image = noise(5, 7, 3)
    np.testing.assert_array_equal(decode(png(image), "a.png"), image)


def test_a_grey_png_is_decoded_to_three_equal_channels() -> None:
    image = np.array([[0, 51], [204, 255]], np.uint8)
    np.testing.assert_array_equal(decode(png(image), "a.png"), np.stack((image, image, image), axis=2))


def test_a_jpeg_is_decoded_with_red_first() -> None:
    image = np.full((16, 16, 3), (200, 40, 90), np.uint8)
    np.testing.assert_allclose(decode(jpeg(image), "a.jpg").astype(int), image, atol=2)


def test_images_are_decoded_alike_by_several_threads_at_once() -> None:
    encoded = [data for _, data in SAMPLES.values()] * 8
    expected = [decode(data, "an image") for data in encoded]
    with ThreadPoolExecutor(8) as threads:
        for image, alone in zip(threads.map(partial(decode, name="an image"), encoded), expected, strict=True):
            np.testing.assert_array_equal(image, alone)


def test_grey_and_rgb_arrays_are_images_without_a_copy() -> None:
    for image in (grey(7), noise(2, 3, 3)):
        assert checked_image(image) is image


@pytest.mark.parametrize(
    ("pixels", "got"),
    [
        (np.zeros((2, 3), np.float32), "float32 (2, 3)"),
        (np.zeros((2, 3), np.int64), "int64 (2, 3)"),
        (np.zeros((2, 3, 5), np.uint8), "uint8 (2, 3, 5)"),
        (np.zeros((1, 2, 3, 3), np.uint8), "uint8 (1, 2, 3, 3)"),
        (np.zeros(6, np.uint8), "uint8 (6,)"),
        (np.zeros((0, 3), np.uint8), "uint8 (0, 3)"),
    ],
)
def test_other_arrays_are_refused(pixels: object, got: str) -> None:
    assert error_message(UnreadableImage, checked_image, pixels) == (
        f"expected an image as a uint8 array of shape (h, w), (h, w, 3) or (h, w, 4), got {got}"
    )


class Tensor:
    """An array of another library, as far as NumPy sees it."""

    def __init__(self, values: object) -> None:
        self._values = values

    def __array__(self, *_: object, **__: object) -> NDArray[Any]:
        return np.asarray(self._values)


class OnAnotherDevice:
    def __array__(self) -> NDArray[Any]:
        raise TypeError("copy it to the host first\n(see the manual)")


def test_what_numpy_takes_for_an_array_is_an_image() -> None:
    pixels = noise(3, 4, 3)
    np.testing.assert_array_equal(checked_image(Tensor(pixels)), pixels)
    np.testing.assert_array_equal(checked_image(pixels[:, :, :1]), pixels[:, :, 0])
    assert error_message(UnreadableImage, checked_image, OnAnotherDevice()) == (
        "expected an image as an array, got OnAnotherDevice: copy it to the host first"
    )


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA", "RGBA", "CMYK", "I;16"])
def test_a_pillow_image_is_what_its_file_is(mode: str) -> None:
    image = PillowImage.fromarray(noise(9, 8, 4), "RGBA")
    image = PillowImage.fromarray(noise(9, 8).astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    file = io.BytesIO()
    image.save(file, "TIFF" if mode == "CMYK" else "PNG")
    expected = decode(file.getvalue(), "a file")
    np.testing.assert_array_equal(checked_image(image), expected)
    np.testing.assert_array_equal(checked_image(PillowImage.open(file)), expected)


def test_an_rgba_array_is_laid_on_white_as_its_file_is() -> None:
    pixels = noise(9, 8, 4)
    file = io.BytesIO()
    PillowImage.fromarray(pixels, "RGBA").save(file, "PNG")
    np.testing.assert_array_equal(checked_image(pixels), decode(file.getvalue(), "a file"))
    assert checked_image(np.zeros((1, 1, 4), np.uint8)).tolist() == [[[255, 255, 255]]]


def test_a_damaged_pillow_image_is_refused() -> None:
    file = io.BytesIO()
    PillowImage.fromarray(noise(99, 99, 3)).save(file, "PNG")
    damaged = PillowImage.open(io.BytesIO(file.getvalue()[:1000]))
    assert error_message(UnreadableImage, checked_image, damaged) == (
        "expected a Pillow image that can be decoded, got 'image file is truncated'"
    )


@pytest.mark.parametrize("interpolation", ["linear", "area"])
def test_a_grey_image_becomes_three_equal_channels_from_0_to_1(interpolation: str) -> None:
    expected = np.full((4, 4, 3), np.float32(51) / np.float32(255), np.float32)
    result = to_input(grey(51, side=8), 4, interpolation)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("interpolation", ["linear", "area"])
def test_an_image_of_the_networks_size_is_only_divided_by_255(interpolation: str) -> None:
    image = noise(4, 4, 3)
    np.testing.assert_array_equal(to_input(image, 4, interpolation), image.astype(np.float32) / np.float32(255))


def test_area_averages_all_pixels_and_linear_the_two_in_the_middle() -> None:
    image = np.tile(np.array([255, 0, 0, 255, 0, 255, 255, 0], np.uint8), (8, 1))
    assert to_input(image, 2, "area")[:, :, 0].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert to_input(image, 2, "linear")[:, :, 0].tolist() == [[0.0, 1.0], [0.0, 1.0]]


@pytest.mark.parametrize("interpolation", ["linear", "area"])
def test_a_smaller_image_is_enlarged_linearly(interpolation: str) -> None:
    image = np.array([[0, 255], [0, 255]], np.uint8)
    assert to_input(image, 4, interpolation)[:, :, 0].tolist() == [[0.0, 0.25, 0.75, 1.0]] * 4


def test_making_an_input_does_not_change_the_image() -> None:
    image = noise(4, 4, 3)
    to_input(image, 4, "linear")
    np.testing.assert_array_equal(image, noise(4, 4, 3))


@pytest.mark.parametrize(
    ("height", "width", "shown"),
    [(200, 100, (96, 48)), (100, 200, (48, 96)), (97, 97, (96, 96)), (1, 1000, (1, 96)), (1000, 1, (96, 1))],
)
def test_a_thumbnail_keeps_the_proportions_and_has_a_longer_side_of_96(
    height: int, width: int, shown: tuple[int, int]
) -> None:
    image = np.full((height, width, 3), (10, 20, 30), np.uint8)
    np.testing.assert_array_equal(decode(thumbnail(image), "a thumbnail"), np.full((*shown, 3), (10, 20, 30), np.uint8))


def test_a_small_image_is_its_own_thumbnail() -> None:
    for image in (noise(96, 40, 3), noise(3, 5, 3)):
        np.testing.assert_array_equal(decode(thumbnail(image), "a thumbnail"), image)
    np.testing.assert_array_equal(decode(thumbnail(grey(9)), "a thumbnail"), np.full((8, 8, 3), 9, np.uint8))


def test_the_digest_of_encoded_content_is_the_sha256_of_its_bytes() -> None:
    assert content_digest(b"abc") == hashlib.sha256(b"abc").digest()


def test_the_digest_of_pixels_is_over_their_shape_and_values() -> None:
    values = np.arange(6, dtype=np.uint8)
    wide, high, in_colour = values.reshape(2, 3), values.reshape(3, 2), values.reshape(1, 2, 3)
    assert content_digest(wide) == hashlib.sha256(b"pixels (2, 3)\n" + bytes(range(6))).digest()
    assert len({content_digest(wide), content_digest(high), content_digest(in_colour), content_digest(wide + 1)}) == 4


def test_the_digest_of_pixels_does_not_depend_on_their_memory_layout() -> None:
    image = noise(4, 5, 3)
    assert content_digest(np.asfortranarray(image)) == content_digest(image)
