"""The pixels of a thumbnail, if it is one: a store may come from anywhere."""

from ingest.errors import UnreadableImage
from ingest.images.images import Image, decode

#: The most pixels of a thumbnail; Lookalike's have 96 x 96 at most.
_MAX_PIXELS = 2**20


def thumbnail_image(png: bytes) -> Image | None:
    """Return the pixels of an encoded thumbnail, (h, w, 3); None if it is no image, or a large one."""
    try:
        return decode(png, "a thumbnail", _MAX_PIXELS)
    except UnreadableImage:
        return None
