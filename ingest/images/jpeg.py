"""JPEG by libjpeg-turbo: only complete images, at the scale that is needed (ITU-T T.81, annex B)."""

import re
import struct
from dataclasses import dataclass, field

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image as PillowImage

from ingest.images.refusal import NotDecodable, require_pixels
from ingest.images.to_srgb import DecodedImage, exif_orientation, finish, reduction

#: A marker. Within entropy-coded data 0xFF is followed by 0 or is a restart marker (D0 to D7); 0xFF also pads.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

_TEM, _START, _END, _SCAN, _APP1, _APP2 = 0x01, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
_LOSSLESS = (0xC3, 0xC7, 0xCB, 0xCF)
_END_MARKER = b"\xff\xd9"
_EXIF, _ICC = b"Exif\0\0", b"ICC_PROFILE\0"
_GREY, _CMYK = 1, 4

#: What libjpeg-turbo needs: quantization and code tables, restart intervals, and what tells the colours. It warns of
#: damage in others, and of bytes between segments.
_NEEDED = _FRAMES | {0xDB, 0xC4, 0xCC, 0xDD, 0xE0, 0xEE, _SCAN}
_COEFFICIENTS = 64

#: More segments than any picture needs, with scans; each takes a microsecond.
_MAX_SEGMENTS = 20_000

#: Each scan goes over all pixels, however small it is. Encoders make ten; more are read of small pictures only.
_FREE_SCANS, _SCANNED_PIXELS = 16, 100_000_000

#: The largest scale that libjpeg-turbo divides by; at 1/3, 1/5 and so on it is slower.
_SCALES = (8, 4, 2)


@dataclass
class _Header:
    """What the segments say; `missing` has the coefficients of each component that no scan has completed.

    `needed` has the segments up to the first scan that are needed, and all that follows.
    """

    width: int = 0
    height: int = 0
    components: int = 0
    progressive: bool = False
    exif: bytes = b""
    profile: list[bytes] = field(default_factory=list)
    needed: list[bytes] = field(default_factory=lambda: [b"\xff\xd8"])
    scans: int = 0
    missing: dict[int, set[int]] = field(default_factory=dict)


def decode_jpeg(data: bytes, least_side: int | None, pixel_limit: int) -> DecodedImage:
    """Decode a JPEG; raise NotDecodable, or ValueError as libjpeg-turbo words it.

    With `least_side` it is decoded at 1/2, 1/4 or 1/8, the smallest whose sides are not below it. One that lacks only
    its end marker is decoded, one that lacks pixels is not.
    """
    header = _read(data)
    require_pixels(header.width, header.height, pixel_limit)
    if (header.scans - _FREE_SCANS) * header.width * header.height > _SCANNED_PIXELS:
        raise NotDecodable(f"a JPEG of {header.scans} scans, each of which takes the time of a whole picture")
    if any(header.missing.values()):
        raise NotDecodable("a truncated JPEG (not all scans are there)")
    factor = reduction(header.width, header.height, least_side)
    scale = next((scale for scale in _SCALES if scale <= factor), 1)
    size = (-(-header.height // scale), -(-header.width // scale))
    orientation = exif_orientation(header.exif)
    # Each part has its number, from 1, and the count after the name.
    profile = b"".join(part[len(_ICC) + 2 :] for part in sorted(header.profile))
    colours = "CMYK" if header.components == _CMYK else "GRAY" if header.components == _GREY and profile else "RGB"
    pixels = _decode_whole(b"".join(header.needed), colours, size)
    image: PillowImage.Image | NDArray[np.uint8] = pixels
    if colours == "CMYK":
        # As Adobe stores them: 255 is no ink.
        image = PillowImage.frombytes("CMYK", pixels.shape[1::-1], (255 - pixels).tobytes())
    elif colours == "GRAY":
        image = PillowImage.fromarray(pixels[..., 0])
    return finish(image, header.width, header.height, orientation, profile)


def _decode_whole(data: bytes, colours: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the pixels, strictly decoded; raise ValueError when libjpeg-turbo notices anything missing."""

    def decoded(data: bytes, *, strict: bool = True) -> NDArray[np.uint8]:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data, colours, min_height=size[0], min_width=size[1], strict=strict
        )
        return pixels

    try:
        return decoded(data)
    except ValueError as error:
        if "extraneous bytes before marker 0xd9" in str(error):
            # All pixels are there, and some padding after them.
            return decoded(data, strict=False)
        return decoded(data + _END_MARKER)


def _read(data: bytes) -> _Header:
    """Read the segments up to the only scan, or those of a picture in many scans to its end."""
    header = _Header()
    offset = 2
    for _ in range(_MAX_SEGMENTS):
        # The search also skips the entropy-coded data of a scan.
        match = _MARKER.search(data, offset)
        if not match or (marker := data[match.end() - 1]) == _END:
            break
        offset = match.end()
        if marker in (_TEM, _START):
            continue
        (length,) = struct.unpack_from(">H", data, offset)
        body = data[offset + 2 : offset + length]
        if marker in _NEEDED and not header.scans:
            header.needed.append(data[offset - 2 : offset + length] if marker != _SCAN else data[offset - 2 :])
        offset += length
        if marker in _FRAMES and not header.missing:
            header.progressive = marker in _PROGRESSIVE
            if marker in _LOSSLESS:
                raise NotDecodable("a lossless JPEG, which is not read: export it as PNG")
            header.height, header.width, header.components = struct.unpack_from(">HHB", body, 1)
            header.missing = {id: set(range(_COEFFICIENTS)) for id in body[6::3]}
        elif marker == _APP1 and not header.exif and body.startswith(_EXIF):
            header.exif = body
        elif marker == _APP2 and body.startswith(_ICC):
            header.profile.append(body)
        elif marker == _SCAN and _is_last_scan(body, header):
            break
    else:
        raise NotDecodable("a damaged JPEG (of too many segments)")
    if not header.missing or not header.scans:
        raise NotDecodable("a truncated JPEG (no picture in it)")
    return header


def _is_last_scan(body: bytes, header: _Header) -> bool:
    """Take up the header of a scan; return whether libjpeg-turbo reads no other."""
    header.scans += 1
    count = body[0]
    first, last, approximation = struct.unpack_from("BBB", body, 1 + 2 * count)
    ids = body[1 : 1 + 2 * count : 2]
    if not header.progressive or not approximation & 0xF:
        # Not the last bit of these coefficients is missing any more.
        for id in ids:
            header.missing.get(id, set()).difference_update(range(first, last + 1))
    return not header.progressive and count == header.components
