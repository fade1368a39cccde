"""The formats that images come in, known by their content: each header is read, and the rest proved to be there."""

import struct

from ingest.images.formats import bmp, gif, jpeg, jpeg2000, png, pnm, tiff, webp
from ingest.images.formats.image_format import Alpha, Encoded, Format, Refused
from ingest.images.formats.unsupported import other_kind

_FORMATS: tuple[Format, ...] = tuple(module.FORMAT for module in (jpeg, png, gif, webp, bmp, tiff, pnm, jpeg2000))

#: What people may give us.
KINDS = ", ".join(form.kind for form in _FORMATS[:-1]) + " or " + _FORMATS[-1].kind


def examine(data: bytes) -> Encoded:
    """Return what an encoded image says of itself; raise Refused when it is not one, or not a whole one."""
    for form in _FORMATS:
        if data.startswith(form.signatures):
            try:
                return form.read(data)
            except (IndexError, OverflowError, struct.error):
                # Something lies behind the end of the data.
                raise Refused(f"a truncated {form.kind}") from None
    raise Refused(other_kind(data))


__all__ = ["KINDS", "Alpha", "Encoded", "Refused", "examine"]
