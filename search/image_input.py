"""Images to search with, given as a path, encoded bytes or pixels."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image, checked_image, decode_scaled, read_bytes
from storage.console import printable

#: A file's path, encoded bytes, or uint8 pixels of shape (h, w) or (h, w, 3) in RGB.
ImageInput = str | Path | bytes | NDArray[np.uint8]


def decoded_image(image: ImageInput, least_side: int | None = None) -> Image:
    """Return an image's pixels; raise UnreadableImage. With `least_side` a large file's are fewer (`decode_scaled`)."""
    if isinstance(image, str | Path):
        return decode_scaled(read_bytes(Path(image)), str(image), least_side).pixels
    if isinstance(image, bytes):
        return decode_scaled(image, "the bytes given", least_side).pixels
    return checked_image(image)


def display_name(image: ImageInput) -> str:
    """Return the name of an image in a result."""
    return printable(str(image)) if isinstance(image, str | Path) else "an image"
