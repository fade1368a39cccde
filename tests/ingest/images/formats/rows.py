"""Rows of colours, in which the tests of every format state the expected pixels."""

import struct

import numpy as np

from ingest.images.images import decode

Colour = tuple[int, int, int]
Row = list[Colour]

WHITE = (255, 255, 255)


def grey(*levels: int) -> Row:
    return [(level, level, level) for level in levels]


def shorts(*numbers: int, order: str = ">") -> bytes:
    return struct.pack(f"{order}{len(numbers)}H", *numbers)


def first_row(data: bytes) -> Row:
    """Decode an image and return its first row."""
    image = decode(data, "an image")
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    return [(int(red), int(green), int(blue)) for red, green, blue in image[0]]
