"""The registry of image formats: tells images by their first bytes or suffixes, and reads their headers."""

import struct

from ingest.images.formats import bmp, gif, jpeg, jpeg2000, png, pnm, tiff, unsupported, webp
from ingest.images.formats.image_format import EncodedImage, ImageFormat, NotDecodable

_FORMATS: tuple[ImageFormat, ...] = tuple(module.FORMAT for module in (jpeg, png, gif, webp, bmp, tiff, pnm, jpeg2000))

#: The formats' names, as messages list them.
FORMAT_NAMES = ", ".join(form.name for form in _FORMATS[:-1]) + " or " + _FORMATS[-1].name

#: The suffixes, without dot and in lower case, of image files. Some are of formats that cannot be decoded: such a file
#: is rejected with a reason rather than ignored.
SUFFIXES = frozenset(suffix for form in _FORMATS for suffix in form.suffixes) | unsupported.SUFFIXES

#: The number of bytes that `begins_like_image` looks at.
SIGNATURE_BYTES = 32

_SIGNATURES = tuple(signature for form in _FORMATS if form.head is None for signature in form.signatures)
_HEADS = tuple(form.head for form in _FORMATS if form.head is not None)


def begins_like_image(head: bytes) -> bool:
    """Return whether a file's first bytes, SIGNATURE_BYTES of them, are those of a format that can be decoded."""
    return head.startswith(_SIGNATURES) or any(pattern.match(head) for pattern in _HEADS)


def read_header(data: bytes) -> EncodedImage:
    """Return what an encoded image's header says; raise NotDecodable when it is of no known format or incomplete."""
    for form in _FORMATS:
        if data.startswith(form.signatures):
            try:
                return form.read(data)
            except (IndexError, OverflowError, struct.error):
                # The header points behind the end of the data.
                raise NotDecodable(f"a truncated {form.name}") from None
    raise NotDecodable(unsupported.describe(data))
