"""The registry of image formats: recognizes images by suffix or first bytes, and reads their headers."""

import struct

from ingest.images.formats import bmp, gif, jpeg, jpeg2000, png, pnm, tiff, unsupported, webp
from ingest.images.formats.image_format import EncodedImage, ImageFormat, NotDecodable

_FORMATS: tuple[ImageFormat, ...] = tuple(module.FORMAT for module in (jpeg, png, gif, webp, bmp, tiff, pnm, jpeg2000))

#: The formats' names, for messages.
FORMAT_NAMES = ", ".join(image_format.name for image_format in _FORMATS[:-1]) + " or " + _FORMATS[-1].name

#: The suffixes of image files, without dot and in lower case. They include those of formats that cannot be decoded, so
#: that such a file is rejected with a reason rather than ignored.
SUFFIXES = frozenset(suffix for image_format in _FORMATS for suffix in image_format.suffixes) | unsupported.SUFFIXES

#: The number of bytes that `begins_like_image` looks at.
SIGNATURE_BYTES = 32


def begins_like_image(start: bytes) -> bool:
    """Return whether a file's first bytes, SIGNATURE_BYTES of them, are those of a format that can be decoded."""
    return any(
        image_format.pattern.match(start) if image_format.pattern else start.startswith(image_format.signatures)
        for image_format in _FORMATS
    )


def read_header(data: bytes) -> EncodedImage:
    """Return what an image's header says; raise NotDecodable unless the image is complete and of a known format."""
    for image_format in _FORMATS:
        if data.startswith(image_format.signatures):
            try:
                return image_format.read(data)
            except (IndexError, OverflowError, struct.error):
                # An offset or length in the header exceeds the data.
                raise NotDecodable(f"a truncated {image_format.name}") from None
    raise NotDecodable(unsupported.describe(data))
