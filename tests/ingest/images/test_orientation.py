"""Images of every format with an EXIF orientation are turned upright, whether decoded as RGB or unchanged."""

import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from ingest.images.images import Image, decode
from tests.ingest.images.handmade.exif import exif
from tests.ingest.images.handmade.jpeg import jpeg_of, segment, with_orientation
from tests.ingest.images.handmade.png import GREY, RGB, RGBA, chunk, png_of
from tests.ingest.images.handmade.tiff import BLACK_IS_ZERO, tiff_of
from tests.ingest.images.handmade.webp import ALPHA, EXIF, vp8l, webp_of
from tests.ingest.images.handmade.webp import chunk as webp_chunk
from tests.toys import noise

# How each EXIF orientation, 1 to 8, says the stored pixels must be turned: EXIF 2.32, tag 0x0112.
TURNED: dict[int, Callable[[Image], Image]] = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: image[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90,
}

STORED = noise(3, 4, 3)
STORED_GREY = STORED[:, :, 0]
STORED_BGRA = np.dstack([STORED[:, :, ::-1], np.full((3, 4), 255, np.uint8)])
ORIENTATION = 274


def rows(image: Image) -> list[bytes]:
    return [row.tobytes() for row in image]


def jpeg(orientation: int) -> bytes:
    encoded, data = cv2.imencode(".jpg", STORED[:, :, ::-1])
    assert encoded
    return with_orientation(data.tobytes(), orientation)


def png(orientation: int) -> bytes:
    return png_of(4, rows(STORED), RGB, before=[chunk(b"eXIf", exif(orientation))])


def png_with_exif_at_its_end(orientation: int) -> bytes:
    return png_of(4, rows(STORED), RGB, after=[chunk(b"eXIf", exif(orientation, ">"))])


def png_with_exif_as_text(orientation: int) -> bytes:
    # As ImageMagick writes it: the kind, the length, and hexadecimal lines.
    block = b"Exif\0\0" + exif(orientation)
    text = f"\nexif\n{len(block):8}\n{block.hex()}\n".encode()
    return png_of(4, rows(STORED), RGB, before=[chunk(b"tEXt", b"Raw profile type exif\0" + text)])


def png_with_exif_as_compressed_text(orientation: int) -> bytes:
    text = f"\nexif\n{26:8}\n{exif(orientation).hex()}\n".encode()
    return png_of(4, rows(STORED), RGB, after=[chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))])


def png_with_alpha(orientation: int) -> bytes:
    rgba = np.dstack([STORED, np.full((3, 4), 255, np.uint8)])
    return png_of(4, rows(rgba), RGBA, before=[chunk(b"eXIf", exif(orientation))])


def png_of_16_bits(orientation: int) -> bytes:
    deep = [(row.astype(np.uint16) * 257).astype(">u2").tobytes() for row in STORED_GREY]
    return png_of(4, deep, GREY, 16, before=[chunk(b"eXIf", exif(orientation))])


def webp(orientation: int) -> bytes:
    return webp_of(4, 3, EXIF, vp8l(STORED_BGRA[:, :, :3]), webp_chunk(b"EXIF", exif(orientation)))


def webp_with_alpha(orientation: int) -> bytes:
    # Some writers put JPEG's prefix before the block.
    block = webp_chunk(b"EXIF", b"Exif\0\0" + exif(orientation))
    return webp_of(4, 3, EXIF | ALPHA, webp_chunk(b"ODD ", b"1"), vp8l(STORED_BGRA), block)


def tiff(orientation: int) -> bytes:
    return tiff_of(4, 3, rows(STORED), tags={ORIENTATION: [orientation]}, order=">")


def tiff_of_16_bits(orientation: int) -> bytes:
    strips = [(row.astype(np.uint16) * 257).tobytes() for row in STORED_GREY]
    return tiff_of(4, 3, strips, BLACK_IS_ZERO, 1, 16, tags={ORIENTATION: [orientation]})


def tiff_in_tiles(orientation: int) -> bytes:
    tile = np.zeros((32, 32, 3), np.uint8)
    tile[:3, :4] = STORED
    return tiff_of(4, 3, [tile.tobytes()], tile=32, tags={ORIENTATION: [orientation]}, big=True)


IN_COLOUR = [
    png,
    png_with_exif_at_its_end,
    png_with_exif_as_text,
    png_with_exif_as_compressed_text,
    png_with_alpha,
    webp,
    webp_with_alpha,
    tiff,
    tiff_in_tiles,
]
IN_GREY = [png_of_16_bits, tiff_of_16_bits]


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("encode", [*IN_COLOUR, *IN_GREY], ids=lambda encode: encode.__name__)
def test_an_image_is_turned_by_its_exif_orientation(encode: Callable[[int], bytes], orientation: int) -> None:
    stored = STORED if encode in IN_COLOUR else np.stack([STORED_GREY] * 3, axis=2)
    expected = TURNED[orientation](stored)
    image = decode(encode(orientation), "an image")
    np.testing.assert_array_equal(image, expected)
    assert image.flags.c_contiguous


@pytest.mark.parametrize("orientation", TURNED)
def test_a_jpeg_is_turned_by_its_exif_orientation(orientation: int) -> None:
    stored = decode(jpeg(1), "an image")
    np.testing.assert_array_equal(decode(jpeg(orientation), "an image"), TURNED[orientation](stored))


@pytest.mark.parametrize("orientation", [0, 9, 0xFFFF])
@pytest.mark.parametrize("encode", [png, webp, tiff], ids=lambda encode: encode.__name__)
def test_an_invalid_orientation_is_ignored(encode: Callable[[int], bytes], orientation: int) -> None:
    np.testing.assert_array_equal(decode(encode(orientation), "an image"), STORED)


@pytest.mark.parametrize(
    "block",
    [b"", b"Exif\0\0", b"Exif\0\0II*\0", b"Exif\0\0nonsense", b"Exif\0\0II+\0" + b"\xff" * 16, exif(6)[:-9]],
    ids=["empty", "prefix", "cut", "nonsense", "far-away", "no-entry"],
)
def test_a_damaged_exif_block_is_ignored(block: bytes) -> None:
    flat = jpeg_of([(10,), (200,)])
    expected = decode(flat, "an image")
    np.testing.assert_array_equal(decode(flat[:2] + segment(0xE1, block) + flat[2:], "an image"), expected)


def test_the_first_of_two_exif_blocks_is_used() -> None:
    flat = jpeg_of([(10,), (200,)])
    assert decode(with_orientation(with_orientation(flat, 1), 6), "an image").shape == (16, 8, 3)


def test_the_first_of_two_orientations_in_an_exif_block_is_used() -> None:
    flat = jpeg_of([(10,), (200,)])
    block = exif(6)
    twice = block[:8] + b"\2\0" + block[10:22] + exif(1)[10:22] + bytes(4)
    segments = segment(0xE1, b"Exif\0\0" + twice)
    assert decode(flat[:2] + segments + flat[2:], "an image").shape == (16, 8, 3)
