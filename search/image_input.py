"""Pictures to ask with, whichever way they are given."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.images.images import Image, checked_image, decode, read_bytes
from storage.console import printable


def decoded(picture: str | Path | bytes | NDArray[np.uint8]) -> Image:
    """Return a picture's pixels; raise UnreadableImage."""
    if isinstance(picture, str | Path):
        return decode(read_bytes(Path(picture)), str(picture))
    return decode(picture, "the bytes given") if isinstance(picture, bytes) else checked_image(picture)


def name_of(picture: str | Path | bytes | NDArray[np.uint8]) -> str:
    """Return what a picture is called in an answer."""
    return printable(str(picture)) if isinstance(picture, str | Path) else "an image"
