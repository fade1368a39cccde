"""An image is decoded only when it is complete; data after its end is ignored."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.images.images import decode
from tests.ingest.images.refusals import reason
from tests.ingest.images.samples import SAMPLES, WRITTEN, write
from tests.toys import noise


def signature_length(kind: str) -> int:
    """Return the number of bytes by which a format is recognized; of PNM they include the size."""
    return {"JPEG": 3, "PNG": 8, "GIF": 6, "WebP": 4, "BMP": 2, "TIFF": 4, "PNM": 15, "JPEG 2000": 12}[kind]


@pytest.mark.parametrize("name", SAMPLES)
def test_an_image_cut_anywhere_is_truncated(name: str) -> None:
    kind, data = SAMPLES[name]
    decode(data, name)
    assert {reason(data[:length]) for length in range(signature_length(kind), len(data))} == {f"a truncated {kind}"}


@pytest.mark.parametrize("name", SAMPLES)
def test_data_after_an_image_is_ignored(name: str) -> None:
    _, data = SAMPLES[name]
    for junk in (b"\0", b"junk" * 100, data):
        np.testing.assert_array_equal(decode(data + junk, name), decode(data, name))


@pytest.mark.parametrize("suffix", WRITTEN)
def test_a_large_image_cut_in_the_middle_is_truncated(suffix: str, tmp_path: Path) -> None:
    kind, data = WRITTEN[suffix], write(noise(200, 300, 3), suffix, tmp_path)
    assert {reason(data[: len(data) * share // 10]) for share in range(2, 10)} == {f"a truncated {kind}"}


def test_the_end_of_an_embedded_preview_does_not_complete_a_jpeg() -> None:
    _, preview = SAMPLES["jpeg"]
    encoded, data = cv2.imencode(".jpg", noise(64, 64, 3))
    assert encoded
    complete = data.tobytes()
    segment = b"\xff\xe2" + (len(preview) + 2).to_bytes(2) + preview
    assert decode(complete[:2] + segment + complete[2:], "a.jpg").shape == (64, 64, 3)
    assert reason((complete[:2] + segment + complete[2:])[:-300]) == "a truncated JPEG"


def test_a_progressive_jpeg_without_its_last_scan_is_truncated() -> None:
    encoded, data = cv2.imencode(".jpg", noise(64, 64), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    assert encoded
    complete = data.tobytes()
    assert decode(complete, "a.jpg").shape == (64, 64, 3)
    assert reason(complete[: complete.rindex(b"\xff\xda")]) == "a truncated JPEG"


def test_a_png_with_a_wrong_checksum_is_damaged() -> None:
    _, data = SAMPLES["png"]
    offset = data.index(b"IDAT") + 6
    assert reason(data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :]) == "a damaged PNG"


def test_a_damaged_chunk_that_is_not_of_the_image_is_ignored() -> None:
    _, data = SAMPLES["png"]
    text = b"\0\0\0\4tEXta\0b\0" + b"wrong"[:4]
    np.testing.assert_array_equal(decode(data[:33] + text + data[33:], "a.png"), decode(data, "a.png"))
