"""JPEG 2000: the pixels that each kind of file is decoded to. OpenCV encodes them without loss here."""

import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from ingest.images.images import decode
from tests.ingest.images.refusals import reason
from tests.toys import noise

LOSSLESS = [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000]


def jp2(values: NDArray[np.uint8] | NDArray[np.uint16], folder: Path) -> bytes:
    # OpenCV encodes JPEG 2000 to files only.
    assert cv2.imwrite(str(folder / "a.jp2"), values, LOSSLESS)
    return (folder / "a.jp2").read_bytes()


def codestream(boxed: bytes) -> bytes:
    return boxed[boxed.index(b"jp2c") + 4 :]


def test_colour_is_decoded(tmp_path: Path) -> None:
    image = noise(32, 40, 3)
    np.testing.assert_array_equal(decode(jp2(image, tmp_path), "a.jp2"), image[:, :, ::-1])


def test_a_codestream_without_boxes_is_decoded(tmp_path: Path) -> None:
    for image in (noise(32, 40, 3), noise(32, 40)):
        expected = image[:, :, ::-1] if image.ndim == 3 else np.stack([image] * 3, axis=2)
        np.testing.assert_array_equal(decode(codestream(jp2(image, tmp_path)), "a.j2k"), expected)


def test_16_bits_are_scaled_to_the_nearest_of_8(tmp_path: Path) -> None:
    values = np.arange(1024, dtype=np.uint16).reshape(32, 32) * 64
    expected = np.rint(values / 257).astype(np.uint8)
    np.testing.assert_array_equal(decode(jp2(values, tmp_path), "a.jp2"), np.stack([expected] * 3, axis=2))


def test_transparent_pixels_are_white(tmp_path: Path) -> None:
    image = noise(32, 32, 4)
    image[:, :, 3] = 255
    image[:, 16:, 3] = 0
    expected = image[:, :, 2::-1].copy()
    expected[:, 16:] = 255
    np.testing.assert_array_equal(decode(jp2(image, tmp_path), "a.jp2"), expected)


def test_a_fourth_component_is_alpha_also_without_a_channel_definition(tmp_path: Path) -> None:
    image = noise(32, 32, 4)
    image[:, :, 3] = 255
    image[:, 16:, 3] = 0
    data = jp2(image, tmp_path)
    expected = decode(data, "a.jp2")
    for undefined in (data.replace(b"cdef", b"free"), codestream(data)):
        np.testing.assert_array_equal(decode(undefined, "a.jp2"), expected)


def test_an_image_with_an_offset_is_decoded() -> None:
    image = noise(40, 48, 3)
    encoded = io.BytesIO()
    PillowImage.fromarray(image).save(encoded, "JPEG2000", offset=(16, 8), tile_offset=(0, 0), tile_size=(128, 128))
    np.testing.assert_array_equal(decode(encoded.getvalue(), "a.jp2"), image)


def test_data_after_the_codestream_is_ignored(tmp_path: Path) -> None:
    data = jp2(noise(32, 32), tmp_path)
    for complete in (data, codestream(data)):
        for junk in (b"\0", b"junk" * 100, data):
            np.testing.assert_array_equal(decode(complete + junk, "a.jp2"), decode(complete, "a.jp2"))


def test_a_codestream_without_its_end_is_refused(tmp_path: Path) -> None:
    complete = codestream(jp2(noise(32, 32), tmp_path))
    for data in (complete[:-2], complete[:-2] + b"\0\0", complete[:200]):
        assert reason(data).endswith(("truncated JPEG 2000", "damaged JPEG 2000"))
    # The last tile part may have the length 0.
    offset = complete.index(b"\xff\x90") + 6
    of_open_length = complete[:offset] + bytes(4) + complete[offset + 4 :]
    np.testing.assert_array_equal(decode(of_open_length, "a.j2k"), decode(complete, "a.j2k"))
    assert reason(of_open_length[:-2]) == "a truncated JPEG 2000"
