"""The size of an image is read from its header, and one above the pixel limit is never decoded."""

import struct
import sys
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import UnreadableImage
from ingest.images.decoding import PIXEL_LIMIT
from ingest.images.images import decode, decode_scaled
from tests.ingest.images.handmade import bmp, gif, png, tiff, webp
from tests.ingest.images.handmade.jpeg import jpeg_of
from tests.ingest.images.refusals import reason
from tests.ingest.images.samples import SAMPLES, WRITTEN, write
from tests.toys import noise

SIDE = 20_000
TOO_LARGE = "20000 x 20000, 400.0 megapixels, above the limit of 100: make it smaller"


def jpeg_bomb() -> bytes:
    data = jpeg_of([(0,)])
    size = data.index(b"\xff\xc0") + 5
    return data[:size] + struct.pack(">HH", SIDE, SIDE) + data[size + 4 :]


def jp2_bomb(folder: Path) -> bytes:
    data = write(np.zeros((32, 32), np.uint8), ".jp2", folder)
    size = data.index(b"\xff\x4f\xff\x51") + 8
    return data[:size] + struct.pack(">II", SIDE, SIDE) + data[size + 8 :]


def bombs(folder: Path) -> dict[str, bytes]:
    return {
        "JPEG": jpeg_bomb(),
        "PNG": png.bomb(SIDE),
        "GIF": gif.gif_of(SIDE, SIDE, gif.Frame(((0,),))),
        "WebP": webp.webp_of(SIDE, SIDE, 0, webp.vp8l(np.zeros((2, 2, 3), np.uint8))),
        "BMP": bmp.bmp_of(SIDE, SIDE, 8, bytes([0, 1]), bmp.RLE8, palette=bytes(1024)),
        "TIFF": tiff.tiff_of(SIDE, SIDE, [b"\0"], tiff.BLACK_IS_ZERO, 1),
        "JPEG 2000": jp2_bomb(folder),
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_an_image_at_the_pixel_limit_is_decoded_and_one_above_is_not(name: str) -> None:
    _, data = SAMPLES[name]
    height, width = decode(data, name).shape[:2]
    decode(data, name, pixel_limit=width * height)
    with pytest.raises(UnreadableImage, match=r"megapixels, above the limit of .*: make it smaller$"):
        decode(data, name, pixel_limit=width * height - 1)


def test_the_limit_is_100_megapixels() -> None:
    assert PIXEL_LIMIT == 10_000 * 10_000
    above = gif.gif_of(10_001, 10_000, gif.Frame(((0,),)))
    assert reason(above) == ("10001 x 10000, 100.0 megapixels, above the limit of 100: make it smaller")


@pytest.mark.parametrize("suffix", WRITTEN)
def test_an_image_has_the_size_that_it_has_in_its_file(suffix: str, tmp_path: Path) -> None:
    for least_side in (None, 96):
        image = decode_scaled(write(noise(700, 301, 3), suffix, tmp_path), "an image", least_side)
        assert (image.width, image.height) == (301, 700)


def test_a_small_file_of_400_megapixels_is_refused(tmp_path: Path) -> None:
    encoded = bombs(tmp_path)
    assert max(map(len, encoded.values())) < 100_000
    assert {kind: reason(data) for kind, data in encoded.items()} == dict.fromkeys(encoded, TOO_LARGE)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space of a process")
def test_bombs_are_refused_in_a_process_without_the_memory_to_decode_them(tmp_path: Path) -> None:
    with get_context("spawn").Pool(1) as pool:
        errors = pool.apply(refusals_in_little_memory, (bombs(tmp_path),))
    assert errors == [TOO_LARGE] * 7


def refusals_in_little_memory(encoded: dict[str, bytes]) -> list[str]:
    """Decode each bomb with at most 64 MB more memory than the process uses; return the errors."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (64 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return [reason(data) for data in encoded.values()]
