"""PNG: the chunks of the still image, checked, for Pillow (PNG, third edition, section 5)."""

import io
import struct
import zlib

import numpy as np
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngImageFile

from ingest.images.refusal import NotDecodable, require_pixels
from ingest.images.to_srgb import EXIF_LIMIT, PROFILE_LIMIT, scale_to_8_bits

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK = struct.Struct(">I4s")
_HEADER = struct.Struct(">4sIIBBBBB")
_GREY = 0

#: By colour type: the samples of a pixel.
_SAMPLES = {_GREY: 1, 2: 3, 3: 1, 4: 2, 6: 4}

#: The passes of an interlaced image: the first column and row of each, and the steps to the next.
_WHOLE = ((0, 0, 1, 1),)
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))

#: The chunks of the still image. The others are removed: an animation's other frames, and what is read here, within
#: limits: profiles and texts that may be damaged, or expand without bound.
_STILL = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})

#: ImageMagick writes an EXIF block as hexadecimal text.
_EXIF_TEXT = b"Raw profile type exif\0"

#: The most bytes of image data that are expanded at a time.
_INFLATED = 1 << 20

#: More chunks than any picture of the largest size needs; each takes a microsecond.
_MAX_CHUNKS = 1_000_000


def open_png(data: bytes, pixel_limit: int) -> PillowImage.Image:
    """Return the still image; raise NotDecodable unless all its chunks are intact. Data after its end is ignored."""
    kind, width, height, bits, colour, _, _, interlaced = _HEADER.unpack_from(data, 12)
    if kind != b"IHDR":
        raise NotDecodable("a damaged PNG (no header)")
    require_pixels(width, height, pixel_limit)
    info: dict[str, bytes] = {}
    still = [SIGNATURE]
    view = memoryview(data)
    offset = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if offset + 12 > len(data):
            raise NotDecodable("a truncated PNG")
        length, kind = _CHUNK.unpack_from(data, offset)
        body, end = view[offset + 8 : offset + 8 + length], offset + length + 12
        if end > len(data):
            raise NotDecodable("a truncated PNG")
        intact = zlib.crc32(view[offset + 4 : end - 4]) == int.from_bytes(view[end - 4 : end])
        if kind in _STILL:
            if not intact:
                raise NotDecodable("a damaged PNG (wrong checksum)")
            still.append(data[offset:end])
        elif intact:
            _read_extra(kind, body, info)
        offset = end
        if kind == b"IEND":
            break
    else:
        raise NotDecodable("a damaged PNG (of too many chunks)")
    image = PngImageFile(io.BytesIO(b"".join(still)))
    pixel_bits = bits * _SAMPLES[colour]
    _require_rows(
        still,
        [
            (1 + (columns * pixel_bits + 7) // 8) * len(range(top, height, down))
            for left, top, across, down in (_PASSES if interlaced else _WHOLE)
            if (columns := len(range(left, width, across)))
        ],
    )
    image.load()
    image.info.update(info)
    if (transparent := image.info.get("transparency")) is not None:
        # Pillow compares the colour that is transparent with pixels that it has scaled to 8 bits.
        if colour == _GREY and bits < 8:
            image.info["transparency"] = (transparent & (1 << bits) - 1) * 255 // ((1 << bits) - 1)
        elif isinstance(transparent, tuple) and bits > 8:
            image.info["transparency"] = tuple(number >> 8 for number in transparent)
    return _of_8_bits(image) if image.mode.startswith("I") else image


def _require_rows(chunks: list[bytes], passes: list[int]) -> None:
    """Raise NotDecodable unless the image data expand to all rows, `passes` bytes: Pillow leaves missing ones black."""
    missing = sum(passes)
    inflate = zlib.decompressobj()
    for chunk in chunks:
        if chunk[4:8] == b"IDAT":
            compressed = chunk[8:-4]
            while compressed and missing > 0:
                missing -= len(inflate.decompress(compressed, _INFLATED))
                compressed = inflate.unconsumed_tail
    if missing > 0:
        raise NotDecodable("a truncated PNG (not all rows are there)")


def _read_extra(kind: bytes, body: memoryview, info: dict[str, bytes]) -> None:
    """Read a colour profile or an EXIF block, under the name that Pillow gives it; ignore one that is damaged."""
    try:
        if kind == b"iCCP":
            compressed = bytes(body).partition(b"\0")[2]
            info["icc_profile"] = _decompressed(compressed[1:], PROFILE_LIMIT)
        elif kind == b"eXIf":
            info["exif"] = bytes(body)
        elif kind in (b"tEXt", b"zTXt") and body[: len(_EXIF_TEXT)] == _EXIF_TEXT and "exif" not in info:
            text = bytes(body[len(_EXIF_TEXT) :])
            lines = (_decompressed(text[1:], EXIF_LIMIT) if kind == b"zTXt" else text).split(b"\n")
            # An empty line, the kind and the length come before.
            info["exif"] = bytes.fromhex(b"".join(lines[3:]).decode("ascii"))
    except (ValueError, zlib.error):
        return


def _decompressed(data: bytes, limit: int) -> bytes:
    return zlib.decompressobj().decompress(data, limit + 1)


def _of_8_bits(image: PillowImage.Image) -> PillowImage.Image:
    """Return a grey image of 16 bits as one of 8, with an alpha channel when a grey is transparent."""
    values = np.asarray(image).astype(np.uint16)
    grey = PillowImage.fromarray(scale_to_8_bits(values, 0xFFFF))
    if (transparent := image.info.get("transparency")) is not None:
        opacity = np.where(values == transparent, 0, 255).astype(np.uint8)
        grey = PillowImage.merge("LA", (grey, PillowImage.fromarray(opacity)))
    grey.info |= {name: image.info[name] for name in ("exif", "icc_profile") if name in image.info}
    return grey
