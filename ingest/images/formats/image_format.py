"""What is learnt of an encoded image from its header, before it is decoded."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Refused(Exception):
    """An image that will not be decoded; the message says what it is, as in "a truncated PNG"."""


class Alpha(Enum):
    """What a fourth channel means: nothing, or how much of the colour shows, which may be multiplied in already."""

    IGNORED = "ignored"
    STRAIGHT = "straight"
    PREMULTIPLIED = "premultiplied"


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoded image that is whole, and how its decoded values must be read.

    `data` is what OpenCV decodes: the bytes that were given, less what it would misread. `width` and `height` are as
    stored, before the image is turned by `orientation`, 1 to 8 as EXIF numbers them (then `data` must not be turned by
    OpenCV). Plain images are read as 8-bit RGB; where OpenCV would drop, cut or misread something they are `unchanged`:
    read as they are, in grey, BGR or BGRA. Then `white` is the value of white, `inverted` says that it means black, and
    `clear` is a grey value that stands for transparent.
    """

    data: bytes
    width: int
    height: int
    orientation: int = 1
    unchanged: bool = False
    alpha: Alpha = Alpha.STRAIGHT
    white: int = 255
    inverted: bool = False
    clear: int | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """A format that is known by how it begins, and read by a function that raises Refused.

    It may also let escape the IndexError, OverflowError or struct.error of looking behind the end of truncated data.
    """

    kind: str
    signatures: tuple[bytes, ...]
    read: Callable[[bytes], Encoded]
