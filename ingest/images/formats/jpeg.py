"""JPEG: its frame's size, its EXIF block, and whether it has an end (ITU-T T.81, annex B)."""

import re
import struct

from ingest.images.formats.exif import PREFIX, orientation_of
from ingest.images.formats.image_format import Encoded, Format, Refused

#: A marker. Within entropy-coded data 0xFF is followed by 0, or by a restart marker (D0 to D7); 0xFF fills up.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

_TEM, _START, _END, _SCAN, _APP1, _APP14 = 0x01, 0xD8, 0xD9, 0xDA, 0xE1, 0xEE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_CMYK = 4


def read(data: bytes) -> Encoded:
    """Walk the markers to the end of the image; what follows it is left alone."""
    position = 2
    frame: tuple[int, int, int] | None = None
    orientation: int | None = None
    scanned = adobe = False
    # The search also steps over the entropy-coded data of a scan.
    while found := _MARKER.search(data, position):
        position = found.end()
        marker = data[position - 1]
        if marker == _END:
            break
        if marker in (_TEM, _START):
            continue
        (length,) = struct.unpack_from(">H", data, position)
        if marker in _FRAMES and frame is None:
            frame = struct.unpack_from(">HHB", data, position + 3)
        elif marker == _APP1 and orientation is None and data.startswith(PREFIX, position + 2):
            orientation = orientation_of(data[position + 2 : position + length])
        elif marker == _APP14:
            adobe = adobe or data.startswith(b"Adobe", position + 2)
        scanned = scanned or marker == _SCAN
        position += length
    else:
        raise Refused("a truncated JPEG")
    if frame is None or not scanned:
        raise Refused("a damaged JPEG")
    height, width, components = frame
    if components == _CMYK and not adobe:
        # Adobe stores its inks inverted, which OpenCV takes for granted; others do not always.
        raise Refused("a CMYK JPEG without Adobe's marker, whose colours have two meanings")
    return Encoded(data, width, height, orientation or 1)


FORMAT = Format("JPEG", (b"\xff\xd8\xff",), read)
