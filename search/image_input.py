"""Images to search with, given as a path, encoded bytes or pixels."""

from pathlib import Path
from typing import Any, Protocol

from PIL import Image as PillowImage

from ingest.images.images import Image, checked_image, decode_scaled, read_bytes
from storage.console import printable


class SupportsArray(Protocol):
    """An array of NumPy's, or what NumPy can make one of, as other libraries' tensors."""

    def __array__(self) -> Any:
        """Return the values as an array."""
        ...


#: A file's path, encoded bytes, an image of Pillow's, or an array as `checked_image` takes it.
ImageInput = str | Path | bytes | PillowImage.Image | SupportsArray


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
