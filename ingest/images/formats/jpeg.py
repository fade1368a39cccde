"""JPEG: frame size, EXIF orientation, and whether the end marker is present (ITU-T T.81, annex B)."""

import re
import struct

from ingest.images.formats.exif import PREFIX, orientation_of
from ingest.images.formats.image_format import EncodedImage, ImageFormat, NotDecodable

#: A marker. Within entropy-coded data 0xFF is followed by 0 or is a restart marker (D0 to D7); 0xFF also pads.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

_TEM, _START, _END, _SCAN, _APP1, _APP14 = 0x01, 0xD8, 0xD9, 0xDA, 0xE1, 0xEE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_CMYK = 4


def read(data: bytes) -> EncodedImage:
    """Read the markers up to the end of the image; data after it is ignored."""
    offset = 2
    frame: tuple[int, int, int] | None = None
    orientation: int | None = None
    scanned = adobe = False
    # The search also skips the entropy-coded data of a scan.
    while match := _MARKER.search(data, offset):
        offset = match.end()
        marker = data[offset - 1]
        if marker == _END:
            break
        if marker in (_TEM, _START):
            continue
        (length,) = struct.unpack_from(">H", data, offset)
        if marker in _FRAMES and frame is None:
            frame = struct.unpack_from(">HHB", data, offset + 3)
        elif marker == _APP1 and orientation is None and data.startswith(PREFIX, offset + 2):
            orientation = orientation_of(data[offset + 2 : offset + length])
        elif marker == _APP14:
            adobe = adobe or data.startswith(b"Adobe", offset + 2)
        scanned = scanned or marker == _SCAN
        offset += length
    else:
        raise NotDecodable("a truncated JPEG")
    if frame is None or not scanned:
        raise NotDecodable("a damaged JPEG")
    height, width, components = frame
    if components == _CMYK and not adobe:
        # Adobe stores CMYK inverted, which OpenCV assumes; other writers may not.
        raise NotDecodable("a CMYK JPEG without Adobe's marker, whose colours have two meanings")
    return EncodedImage(data, width, height, orientation or 1)


FORMAT = ImageFormat("JPEG", (b"\xff\xd8\xff",), ("jfif", "jpe", "jpeg", "jpg"), read)
