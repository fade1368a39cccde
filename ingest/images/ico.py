"""ICO: the largest picture of an icon."""

import io
import struct

from PIL import Image as PillowImage
from PIL.IcoImagePlugin import IcoImageFile

from ingest.images.png import SIGNATURE, open_png
from ingest.images.refusal import NotDecodable

_HEADER, _ENTRY = 6, struct.Struct("<BBBBHHII")
_LARGEST = 256


def open_ico(data: bytes, pixel_limit: int) -> PillowImage.Image:
    """Return the picture with the most pixels, of the most bits; raise NotDecodable."""
    (count,) = struct.unpack_from("<H", data, 4)
    entries = [_ENTRY.unpack_from(data, _HEADER + number * _ENTRY.size) for number in range(count)]
    # A side of 0 stands for 256.
    largest = max(entries, key=lambda entry: ((entry[0] or _LARGEST) * (entry[1] or _LARGEST), entry[5]))
    size, offset = largest[6:]
    picture = data[offset : offset + size]
    if len(picture) < size:
        raise NotDecodable("a truncated ICO")
    if picture.startswith(SIGNATURE):
        return open_png(picture, pixel_limit)
    width, height = struct.unpack_from("<ii", picture, 4)
    # Twice as high as shown: the mask of transparency is below.
    if not (0 < width <= _LARGEST and 0 < height <= 2 * _LARGEST):
        raise NotDecodable("a damaged ICO")
    alone = data[:4] + b"\1\0" + _ENTRY.pack(*largest[:7], _HEADER + _ENTRY.size) + picture
    return IcoImageFile(io.BytesIO(alone))
