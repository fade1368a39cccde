"""WebP: the pixels that each kind of file is decoded to. OpenCV encodes them without loss."""

import cv2
import numpy as np
import pytest

from tests.ingest.images.formats.rows import WHITE, Row, first_row
from tests.ingest.images.handmade.webp import ALPHA, ANIMATED, animation, frame, vp8l, webp_of

OPAQUE = np.array([[[3, 2, 1], [6, 5, 4]]], np.uint8)
TRANSPARENT = np.array([[[9, 0, 200, 0], [9, 0, 200, 51], [9, 0, 200, 255]]], np.uint8)
SQUARE = np.full((2, 2, 3), (3, 2, 1), np.uint8)


def encoded(bgra: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], *options: int) -> bytes:
    done, data = cv2.imencode(".webp", bgra, options)
    assert done
    return data.tobytes()


WEBPS: dict[str, tuple[bytes, Row]] = {
    "lossless": (encoded(OPAQUE), [(1, 2, 3), (4, 5, 6)]),
    "lossless with alpha": (encoded(TRANSPARENT), [WHITE, (244, 204, 206), (200, 0, 9)]),
    "extended": (webp_of(2, 1, 0, vp8l(OPAQUE)), [(1, 2, 3), (4, 5, 6)]),
    "extended with alpha": (webp_of(3, 1, ALPHA, vp8l(TRANSPARENT)), [WHITE, (244, 204, 206), (200, 0, 9)]),
    "the first of two frames": (
        webp_of(2, 2, ANIMATED, animation(frame(0, 0, SQUARE), frame(0, 0, SQUARE + 90))),
        [(1, 2, 3), (1, 2, 3)],
    ),
    "a first frame that is smaller than its canvas": (
        webp_of(4, 2, ANIMATED, animation(frame(2, 0, SQUARE), frame(0, 0, SQUARE + 90))),
        [WHITE, WHITE, (1, 2, 3), (1, 2, 3)],
    ),
}


@pytest.mark.parametrize(("data", "expected"), WEBPS.values(), ids=WEBPS)
def test_a_webp_is_decoded(data: bytes, expected: Row) -> None:
    assert first_row(data) == expected


def test_a_lossy_webp_is_decoded_with_red_first() -> None:
    image = np.full((16, 16, 3), (90, 40, 200), np.uint8)
    row = first_row(encoded(image, cv2.IMWRITE_WEBP_QUALITY, 100))
    np.testing.assert_allclose(np.array(row), np.full((16, 3), (200, 40, 90)), atol=3)
