"""What a format's file provides, and what it learns from an image's header before the image is decoded."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class NotDecodable(Exception):
    """An image will not be decoded; the message says what it is, as in "a truncated PNG"."""


class Alpha(Enum):
    """What a fourth channel means: nothing, or opacity, which may be multiplied into the colours already."""

    IGNORED = "ignored"
    STRAIGHT = "straight"
    PREMULTIPLIED = "premultiplied"


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An encoded image that is complete, and how OpenCV must decode it.

    `data` is what OpenCV decodes: the given bytes, without what it would misread. `width` and `height` are as stored,
    before the image is turned by its EXIF `orientation`, 1 to 8 (OpenCV must not turn it). Plain images are decoded as
    8-bit RGB. Where OpenCV would then drop, cut or misread something, the image is decoded `unchanged`
    (IMREAD_UNCHANGED): as grey, BGR or BGRA of 8 or 16 bits. Then `white` is the value of white, or of black if
    `inverted`, and `transparent_grey` is a grey value that means transparent.
    """

    data: bytes
    width: int
    height: int
    orientation: int = 1
    unchanged: bool = False
    alpha: Alpha = Alpha.STRAIGHT
    white: int = 255
    inverted: bool = False
    transparent_grey: int | None = None


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """A format: its name, its signatures, the suffixes of its files, and the function that reads its header.

    `read` raises NotDecodable, or the IndexError, OverflowError or struct.error of reading beyond the end of truncated
    data. Where other files begin with the signature too, `pattern` matches an image's first SIGNATURE_BYTES more
    strictly.
    """

    name: str
    signatures: tuple[bytes, ...]
    suffixes: tuple[str, ...]
    read: Callable[[bytes], EncodedImage]
    pattern: re.Pattern[bytes] | None = None
