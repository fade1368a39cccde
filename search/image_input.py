"""Images to search with, given as a path, encoded bytes or pixels."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image, checked_image, decode, read_bytes
from storage.console import printable

#: A file's path, encoded bytes, or uint8 pixels of shape (h, w) or (h, w, 3) in RGB.
ImageInput = str | Path | bytes | NDArray[np.uint8]


def decoded_image(image: ImageInput) -> Image:
    """Return an image's pixels; raise UnreadableImage."""
    if isinstance(image, str | Path):
        return decode(read_bytes(Path(image)), str(image))
    return decode(image, "the bytes given") if isinstance(image, bytes) else checked_image(image)


def display_name(image: ImageInput) -> str:
    """Return the name of an image in a result."""
    return printable(str(image)) if isinstance(image, str | Path) else "an image"
