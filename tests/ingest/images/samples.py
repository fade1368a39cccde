"""Small images of every format and its main variants, for the tests that cut, damage and measure them."""

from pathlib import Path

import cv2
import numpy as np

from ingest.images.images import Image
from tests.ingest.images.handmade import bmp, gif, png, tiff, webp
from tests.ingest.images.handmade.exif import exif
from tests.ingest.images.handmade.heic import HEIC
from tests.ingest.images.handmade.jpeg import ADOBE_CMYK, jpeg_of, with_orientation

_ROWS = [bytes([1, 2, 3, 40, 50, 60]), bytes([70, 80, 90, 255, 254, 253])]
_BGRA = np.array([[[9, 0, 200, 0], [9, 0, 200, 128]], [[1, 2, 3, 255], [4, 5, 6, 255]]], np.uint8)
_FRAME = gif.Frame(((0, 1), (2, 3)), transparent=1)
_STILL = webp.frame(0, 0, _BGRA)
_COLOURS = bytes([3, 2, 1, 0, 60, 50, 40, 0]) * 128
_ANIMATION = [png.chunk(b"acTL", bytes([0, 0, 0, 1, 0, 0, 0, 0])), png.chunk(b"eXIf", exif(6))]

#: By name: the format and the bytes.
SAMPLES: dict[str, tuple[str, bytes]] = {
    "jpeg": ("JPEG", jpeg_of([(0,), (51,), (255,)])),
    "colour jpeg": ("JPEG", with_orientation(jpeg_of([(200, 128, 128), (76, 85, 255)]), 6)),
    "cmyk jpeg": ("JPEG", jpeg_of([(255, 255, 255, 255), (255, 128, 0, 191)], ADOBE_CMYK)),
    "png": ("PNG", png.png_of(2, _ROWS)),
    "palette png": (
        "PNG",
        png.png_of(
            2,
            [bytes([0, 1]), bytes([2, 0])],
            png.PALETTE,
            before=[png.chunk(b"PLTE", bytes(range(9))), png.chunk(b"tRNS", b"\0\x80")],
        ),
    ),
    "png of 16 bits": ("PNG", png.png_of(1, [b"\1\2", b"\3\4"], png.GREY, 16, before=[png.chunk(b"tRNS", b"\1\2")])),
    "png with further chunks": ("PNG", png.png_of(2, _ROWS, before=_ANIMATION, after=[png.chunk(b"tEXt", b"a\0b")])),
    "gif": ("GIF", gif.gif_of(2, 2, _FRAME)),
    "animated gif": ("GIF", gif.gif_of(2, 2, _FRAME, gif.Frame(((3,),), left=1), background=9)),
    "webp": ("WebP", webp.webp_of(2, 2, webp.EXIF, webp.vp8l(_BGRA[:, :, :3]), webp.chunk(b"EXIF", exif(8)))),
    "animated webp": ("WebP", webp.webp_of(2, 2, webp.ANIMATED, webp.animation(_STILL, _STILL))),
    "heic": ("HEIC", HEIC),
    "bmp": ("BMP", bmp.bmp_of(1, 2, 24, bytes([3, 2, 1, 0, 6, 5, 4, 0]))),
    "packed bmp": ("BMP", bmp.bmp_of(3, 1, 8, bytes([2, 1, 1, 0, 0, 1]), bmp.RLE8, palette=_COLOURS)),
    "tiff": ("TIFF", tiff.tiff_of(2, 2, _ROWS, tags={274: [6]})),
    "big tiff of 16 bits": ("TIFF", tiff.tiff_of(3, 2, _ROWS, tiff.WHITE_IS_ZERO, 1, 16, big=True)),
    "tiff in tiles": ("TIFF", tiff.tiff_of(2, 2, [bytes(range(256)) * 12], tile=32)),
    "tiff with alpha": ("TIFF", tiff.tiff_of(3, 1, [b"".join(_ROWS)], samples=4, tags={338: [2]})),
    "ppm": ("PNM", b"P6\n# hand\n2 2 200\n" + b"".join(_ROWS)),
    "pgm": ("PNM", b"P5\n# hand\n3 2 999\n" + b"".join(_ROWS)),
    "pbm": ("PNM", b"P4\n# hand\n9 2\n" + b"\x40\x80\x40\x80"),
}

#: The formats that OpenCV writes in any size, by suffix.
WRITTEN = {".jpg": "JPEG", ".png": "PNG", ".webp": "WebP", ".bmp": "BMP", ".tif": "TIFF", ".ppm": "PNM"} | {
    ".gif": "GIF",
    ".jp2": "JPEG 2000",
}


def write(image: Image, suffix: str, folder: Path) -> bytes:
    """Return an image as OpenCV writes it to a file."""
    path = folder / f"written{suffix}"
    if not cv2.imwrite(str(path), image):
        raise ValueError(f"cannot write an image of shape {image.shape} as {suffix}")
    return path.read_bytes()
