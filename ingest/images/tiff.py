"""TIFF: checks of the first image's directory before Pillow decodes it (TIFF 6.0)."""

import io
import math
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL.TiffImagePlugin import TiffImageFile

from ingest.images.kinds import not_read
from ingest.images.refusal import NotDecodable, require_pixels
from ingest.images.to_srgb import scale_to_8_bits

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _ROWS, _PLANES = 256, 257, 258, 259, 262, 277, 278, 284
_TILE_WIDTH, _TILE_HEIGHT, _EXTRA, _SAMPLE_FORMAT = 322, 323, 338, 339
_STRIP_OFFSETS, _STRIP_LENGTHS, _TILE_OFFSETS, _TILE_LENGTHS = 273, 279, 324, 325
_SUBFILE, _SUB_DIRECTORIES, _DNG = 254, 330, 50706

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _YCBCR = 0, 1, 6
_UNCOMPRESSED = 1
_SEPARATE = 2
_SAMPLE_FORMATS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}

#: The struct codes of the integer types: BYTE, SHORT, LONG, IFD, LONG8, IFD8.
_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_BYTES = 1

#: The most numbers of a directory, which Pillow makes Python's own.
_MAX_NUMBERS = 1_000_000

#: The most pixels of a tile: it is decoded completely, however small the image is.
_MAX_TILE = 1 << 24


def open_tiff(data: bytes, pixel_limit: int) -> PillowImage.Image:
    """Return the first image, upright; raise NotDecodable unless all its strips or tiles are there."""
    if data.startswith(b"MM\0+"):
        raise NotDecodable("a BigTIFF of the big-endian kind, which Pillow does not read: save it as TIFF")
    tags = _directory(data)

    def number(tag: int, default: int) -> int:
        numbers = tags.get(tag)
        return int(numbers[0]) if numbers is not None and len(numbers) else default

    if _DNG in tags or (number(_SUBFILE, 0) & 1 and _SUB_DIRECTORIES in tags):
        raise NotDecodable(not_read("RAW"))
    width, height = number(_WIDTH, 0), number(_HEIGHT, 0)
    require_pixels(width, height, pixel_limit)
    photometric = number(_PHOTOMETRIC, _BLACK_IS_ZERO)
    bits, samples = tags.get(_BITS, np.ones(1, np.uint16)), number(_SAMPLES, 1)
    kinds = {int(kind) for kind in tags.get(_SAMPLE_FORMAT, ())}
    formats = [_SAMPLE_FORMATS[kind] for kind in sorted(kinds) if kind in _SAMPLE_FORMATS]
    if formats:
        raise NotDecodable(f"a TIFF of {formats[0]} numbers, which have no defined white")
    tile_width, tile_height = number(_TILE_WIDTH, 0), number(_TILE_HEIGHT, 0)
    if tile_width * tile_height > _MAX_TILE:
        raise NotDecodable("a TIFF of huge tiles")
    parts = samples if number(_PLANES, 1) == _SEPARATE else 1
    if _TILE_OFFSETS in tags:
        parts *= math.ceil(width / max(1, tile_width)) * math.ceil(height / max(1, tile_height))
        _require_parts(parts, tags[_TILE_OFFSETS], tags.get(_TILE_LENGTHS), len(data))
    else:
        parts *= math.ceil(height / max(1, min(height, number(_ROWS, height))))
        _require_parts(parts, tags.get(_STRIP_OFFSETS), tags.get(_STRIP_LENGTHS), len(data))
    if number(_COMPRESSION, _UNCOMPRESSED) == _UNCOMPRESSED and photometric != _YCBCR and _STRIP_LENGTHS in tags:
        # Pillow reads beyond a strip that is too short.
        planes = [int(bits[0])] * samples if len(bits) < samples else bits[:samples].tolist()
        rows = planes if number(_PLANES, 1) == _SEPARATE else [sum(planes)]
        if tags[_STRIP_LENGTHS].sum(dtype=np.uint64) < height * sum(math.ceil(width * row / 8) for row in rows):
            raise NotDecodable("a truncated TIFF (short strips)")
    inverted = int(bits.max(initial=1)) > 8 and photometric == _WHITE_IS_ZERO
    if inverted:
        # Pillow reads this in one of the byte orders, and does not invert.
        changed = bytearray(data)
        _directory(changed)[_PHOTOMETRIC][0] = _BLACK_IS_ZERO
        data = bytes(changed)
    try:
        image = TiffImageFile(io.BytesIO(data))
    except SyntaxError:
        kind = f"{samples} samples of {int(bits.max(initial=1))} bits, photometric {photometric}"
        raise NotDecodable(f"a TIFF of a kind that Pillow does not read ({kind})") from None
    # Otherwise Pillow warns of images near its own limit.
    image.im = PillowImage.new(image.mode, (width, height)).im
    image.load()
    if not image.mode.startswith("I"):
        return image
    if image.mode == "I":
        raise NotDecodable("a TIFF of 32 bits, which have no defined white")
    values = np.asarray(image).astype(np.uint16)
    grey = PillowImage.fromarray(scale_to_8_bits(values, (1 << int(bits[0])) - 1, inverted=inverted))
    grey.info |= {name: image.info[name] for name in ("icc_profile",) if name in image.info}
    return grey


def _require_parts(
    count: int, offsets: NDArray[np.unsignedinteger] | None, lengths: NDArray[np.unsignedinteger] | None, size: int
) -> None:
    """Raise NotDecodable unless there are `count` strips or tiles, all of which lie within the file."""
    if offsets is None or len(offsets) < count:
        raise NotDecodable("a truncated TIFF (not all strips or tiles are there)")
    if lengths is not None and len(lengths) >= count:
        ends = offsets[:count].astype(np.float64) + lengths[:count]
        if (ends > size).any() or not lengths[:count].all():
            raise NotDecodable("a truncated TIFF")


def _directory(data: bytes | bytearray) -> dict[int, NDArray[np.unsignedinteger]]:
    """Return the integers of the first directory by tag, of classic TIFF and BigTIFF, in either byte order.

    Raise NotDecodable when there are too many.
    """
    order = "<" if data.startswith(b"II") else ">"
    big = struct.unpack_from(order + "H", data, 2) == (43,)
    word, entry = ("Q", struct.Struct(order + "HHQ")) if big else ("I", struct.Struct(order + "HHI"))
    word_size = struct.calcsize(order + word)
    (start,) = struct.unpack_from(order + word, data, word_size)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
    first = start + (8 if big else 2)
    tags: dict[int, NDArray[np.unsignedinteger]] = {}
    numbers = 0
    for position in range(first, first + min(count, 0xFFFF) * (entry.size + word_size), entry.size + word_size):
        tag, kind, length = entry.unpack_from(data, position)
        code = _CODES.get(kind)
        numbers += length if kind not in (_BYTES, 2, 6, 7) else 0
        if numbers > _MAX_NUMBERS:
            raise NotDecodable("a TIFF of too many numbers in its directory")
        if code is None or tag in tags:
            continue
        dtype = np.dtype(order + code)
        offset = position + entry.size
        if dtype.itemsize * length > word_size:
            (offset,) = struct.unpack_from(order + word, data, offset)
        if offset + dtype.itemsize * length > len(data):
            raise NotDecodable("a truncated TIFF")
        tags[tag] = np.frombuffer(data, dtype, length, offset) if length else np.empty(0, dtype)
    return tags
