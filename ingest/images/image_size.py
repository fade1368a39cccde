"""The size of an encoded image, from its first bytes where they tell it."""

import contextlib
import io
from collections.abc import Callable

from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from ingest.images.images import decode_scaled
from ingest.images.kinds import SIGNATURE_BYTES, image_format

#: The bytes in which a header is looked for. Most are in the first hundred; photographs have a preview before.
_HEADER_BYTES = 1 << 16

_HEADERS: dict[str, Callable[[io.BytesIO], ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
}


def image_size(data: bytes, name: str) -> tuple[int, int]:
    """Return the width and height of an encoded image in pixels, decoded if need be; raise UnreadableImage."""
    plugin = _HEADERS.get(image_format(data[:SIGNATURE_BYTES]) or "")
    if plugin is not None:
        # Pillow raises nearly anything for a damaged header: decoding says what is wrong.
        with contextlib.suppress(Exception):
            width, height = plugin(io.BytesIO(data[:_HEADER_BYTES])).size
            return width, height
    decoded = decode_scaled(data, name, 1)
    return decoded.width, decoded.height


def longer_side(data: bytes, name: str) -> int:
    """Return the longer side of an encoded image in pixels, decoded if need be; raise UnreadableImage."""
    return max(image_size(data, name))
