"""JPEG 2000: the pixels that each kind of file is decoded to. OpenCV encodes them without loss here."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

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


def test_a_fourth_component_that_is_not_alpha_is_ignored(tmp_path: Path) -> None:
    image = noise(32, 32, 4)
    data = jp2(image, tmp_path)
    for meaningless in (data.replace(b"cdef", b"free"), codestream(data)):
        np.testing.assert_array_equal(decode(meaningless, "a.jp2"), image[:, :, 2::-1])


def test_a_codestream_without_its_end_is_refused(tmp_path: Path) -> None:
    complete = codestream(jp2(noise(32, 32), tmp_path))
    ends = {
        complete[:-2]: "a truncated JPEG 2000",
        complete[:-2] + b"\0\0": "a damaged JPEG 2000",
        complete[:200]: "a truncated JPEG 2000",
    }
    for data, expected in ends.items():
        assert reason(data) == expected
    # The last tile part may have the length 0.
    offset = complete.index(b"\xff\x90") + 6
    of_open_length = complete[:offset] + bytes(4) + complete[offset + 4 :]
    np.testing.assert_array_equal(decode(of_open_length, "a.j2k"), decode(complete, "a.j2k"))
    assert reason(of_open_length[:-2]) == "a truncated JPEG 2000"


def test_components_of_different_depths_are_refused(tmp_path: Path) -> None:
    data = bytearray(codestream(jp2(noise(32, 32, 3), tmp_path)))
    assert data[42:51] == bytes([7, 1, 1]) * 3
    data[45] = 11
    assert reason(bytes(data)) == "a JPEG 2000 of components that OpenCV cannot combine"


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (struct.pack(">I4sBBBI", 15, b"colr", 1, 0, 0, 18), "a JPEG 2000 of a colour space that OpenCV misreads"),
        (struct.pack(">I4sHBB", 12, b"pclr", 1, 1, 7), "a JPEG 2000 with a palette, which OpenCV misreads"),
        (
            struct.pack(">I4sHHHH", 16, b"cdef", 1, 0, 1, 0),
            "a transparent JPEG 2000 other than RGBA, whose transparency OpenCV drops",
        ),
    ],
    ids=["sYCC", "palette", "grey-alpha"],
)
def test_an_image_that_opencv_would_misread_is_refused(box: bytes, expected: str, tmp_path: Path) -> None:
    data = jp2(noise(32, 32), tmp_path)
    start = data.index(b"jp2h") - 4
    (length,) = struct.unpack_from(">I", data, start)
    header = struct.pack(">I", length + len(box)) + data[start + 4 : start + length] + box
    assert reason(data[:start] + header + data[start + length :]) == expected
