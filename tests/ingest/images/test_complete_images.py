"""An image is decoded only when it is complete; data after its end is ignored."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.images.images import decode
from ingest.images.kinds import SIGNATURE_BYTES
from tests.ingest.images.handmade.jpeg import END
from tests.ingest.images.refusals import reason
from tests.ingest.images.samples import SAMPLES, WRITTEN, write
from tests.toys import noise

#: The bytes at the end of each sample without which all its pixels are still there: end markers, padding, and a second
#: frame.
SPARE = {
    "jpeg": 2,
    "colour jpeg": 2,
    "cmyk jpeg": 2,
    "gif": 2,
    "animated gif": 17,
    "bmp": 1,
    "packed bmp": 2,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_an_image_cut_anywhere_is_refused_unless_all_its_pixels_are_there(name: str) -> None:
    kind, data = SAMPLES[name]
    complete = decode(data, name)
    enough = len(data) - SPARE.get(name, 0)
    for length in range(SIGNATURE_BYTES, enough):
        assert reason(data[:length]).startswith((f"a truncated {kind}", f"a damaged or truncated {kind} ("))
    for length in range(enough, len(data)):
        np.testing.assert_array_equal(decode(data[:length], name), complete)


@pytest.mark.parametrize("name", SAMPLES)
def test_data_after_an_image_is_ignored(name: str) -> None:
    _, data = SAMPLES[name]
    for junk in (b"\0", b"junk" * 100, data):
        np.testing.assert_array_equal(decode(data + junk, name), decode(data, name))


@pytest.mark.parametrize("suffix", WRITTEN)
def test_a_large_image_cut_in_the_middle_is_refused(suffix: str, tmp_path: Path) -> None:
    kind, data = WRITTEN[suffix], write(noise(200, 300, 3), suffix, tmp_path)
    for share in range(2, 10):
        assert "truncated " + kind in reason(data[: len(data) * share // 10])


def test_the_end_of_an_embedded_preview_does_not_complete_a_jpeg() -> None:
    _, preview = SAMPLES["jpeg"]
    encoded, data = cv2.imencode(".jpg", noise(64, 64, 3))
    assert encoded
    complete = data.tobytes()
    segment = b"\xff\xe2" + (len(preview) + 2).to_bytes(2) + preview
    assert decode(complete[:2] + segment + complete[2:], "a.jpg").shape == (64, 64, 3)
    assert reason((complete[:2] + segment + complete[2:])[:-300]).startswith("a damaged or truncated JPEG (")


def test_a_progressive_jpeg_without_its_last_scan_is_truncated() -> None:
    encoded, data = cv2.imencode(".jpg", noise(64, 64), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    assert encoded
    complete = data.tobytes()
    assert decode(complete, "a.jpg").shape == (64, 64, 3)
    cut = complete[: complete.rindex(b"\xff\xda")]
    assert {reason(cut), reason(cut + END)} == {"a truncated JPEG (not all scans are there)"}


def test_a_png_with_a_wrong_checksum_is_damaged() -> None:
    _, data = SAMPLES["png"]
    offset = data.index(b"IDAT") + 6
    assert reason(data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :]) == "a damaged PNG (wrong checksum)"


def test_a_damaged_chunk_that_is_not_of_the_image_is_ignored() -> None:
    _, data = SAMPLES["png"]
    text = b"\0\0\0\4tEXta\0b\0" + b"wrong"[:4]
    np.testing.assert_array_equal(decode(data[:33] + text + data[33:], "a.png"), decode(data, "a.png"))


def test_a_jpeg_that_was_cut_and_ended_is_refused() -> None:
    encoded, data = cv2.imencode(".jpg", noise(64, 64, 3))
    assert encoded
    complete = data.tobytes()
    assert reason(complete[: len(complete) // 2] + END).startswith("a damaged or truncated JPEG (")


def test_bytes_between_the_segments_of_a_jpeg_and_padding_at_its_end_are_ignored() -> None:
    _, data = SAMPLES["jpeg"]
    frame = data.index(b"\xff\xc0")
    padded = data[:frame] + b"\0\0\0" + data[frame:-2] + b"\0\0\0" + END
    np.testing.assert_array_equal(decode(padded, "a.jpg"), decode(data, "a.jpg"))


def test_a_gif_whose_trailer_is_missing_is_decoded_and_one_whose_pixels_are_is_not(tmp_path: Path) -> None:
    complete = write(noise(60, 60, 3), ".gif", tmp_path)
    assert complete.endswith(b";")
    np.testing.assert_array_equal(decode(complete[:-1], "a.gif"), decode(complete, "a.gif"))
    assert reason(complete[:-300]).startswith("a damaged or truncated GIF (")
