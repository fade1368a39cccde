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

_Tags = dict[int, NDArray[np.unsignedinteger]]
_NONE = np.empty(0, np.uint16)

#: libtiff of Pillow's wheels is built without it.
_WEBP = 50001

#: Pillow logs an error of more.
_MAX_SAMPLES = 6

#: The most numbers of a directory, which Pillow makes Python's own.
_MAX_NUMBERS = 1_000_000

#: The most pixels of a tile: it is decoded completely, however small the image is.
_MAX_TILE = 1 << 24


def open_tiff(data: bytes, pixel_limit: int) -> PillowImage.Image:
    """Return the first image, upright; raise NotDecodable unless all its strips or tiles are there."""
    if data.startswith(b"MM\0+"):
        raise NotDecodable("a BigTIFF of the big-endian kind, which Pillow does not read: save it as TIFF")
    tags = _directory(data)
    if _DNG in tags or (_number(tags, _SUBFILE, 0) & 1 and _SUB_DIRECTORIES in tags):
        raise NotDecodable(not_read("RAW"))
    width, height = _number(tags, _WIDTH, 0), _number(tags, _HEIGHT, 0)
    require_pixels(width, height, pixel_limit)
    for kind in sorted(_SAMPLE_FORMATS.keys() & set(tags.get(_SAMPLE_FORMAT, _NONE).tolist())):
        raise NotDecodable(f"a TIFF of {_SAMPLE_FORMATS[kind]} numbers, which have no defined white")
    samples, photometric = _number(tags, _SAMPLES, 1), _number(tags, _PHOTOMETRIC, _BLACK_IS_ZERO)
    bits = int(tags.get(_BITS, _NONE).max(initial=1))
    _require_parts(tags, width, height, samples, len(data))
    inverted = bits > 8 and photometric == _WHITE_IS_ZERO
    if inverted:
        # Pillow reads this in one of the byte orders, and does not invert.
        changed = bytearray(data)
        _directory(changed)[_PHOTOMETRIC][0] = _BLACK_IS_ZERO
        data = bytes(changed)
    compression = _number(tags, _COMPRESSION, _UNCOMPRESSED)
    what = f"{samples} samples of {bits} bits, photometric {photometric}, compression {compression}"
    other = NotDecodable(f"a TIFF of a kind that Pillow does not read ({what})")
    if samples > _MAX_SAMPLES or compression == _WEBP:
        raise other
    try:
        image = TiffImageFile(io.BytesIO(data))
    except SyntaxError:
        raise other from None
    if image.mode == "I":
        raise NotDecodable("a TIFF of 32 bits, which have no defined white")
    # Otherwise Pillow warns of images near its own limit.
    image.im = PillowImage.new(image.mode, (width, height)).im
    image.load()
    if not image.mode.startswith("I"):
        return image
    values = np.asarray(image).astype(np.uint16)
    grey = PillowImage.fromarray(scale_to_8_bits(values, (1 << bits) - 1, inverted=inverted))
    grey.info["icc_profile"] = image.info.get("icc_profile")
    return grey


def _require_parts(tags: _Tags, width: int, height: int, samples: int, size: int) -> None:
    """Raise NotDecodable unless all strips or tiles are there, within the file, and long enough where it is known."""
    separate = _number(tags, _PLANES, 1) == _SEPARATE
    tile_width, tile_height = _number(tags, _TILE_WIDTH, 0), _number(tags, _TILE_HEIGHT, 0)
    if tile_width * tile_height > _MAX_TILE:
        raise NotDecodable("a TIFF of huge tiles")
    in_tiles = _TILE_OFFSETS in tags
    if in_tiles:
        count = math.ceil(width / max(1, tile_width)) * math.ceil(height / max(1, tile_height))
    else:
        count = math.ceil(height / max(1, min(height, _number(tags, _ROWS, height))))
    count *= samples if separate else 1
    offsets = tags.get(_TILE_OFFSETS if in_tiles else _STRIP_OFFSETS, _NONE)
    lengths = tags.get(_TILE_LENGTHS if in_tiles else _STRIP_LENGTHS, _NONE)
    if len(offsets) < count:
        raise NotDecodable("a truncated TIFF (not all strips or tiles are there)")
    if len(lengths) < count:
        return
    if (offsets[:count].astype(np.float64) + lengths[:count] > size).any() or not lengths[:count].all():
        raise NotDecodable("a truncated TIFF")
    plain = _number(tags, _COMPRESSION, _UNCOMPRESSED) == _UNCOMPRESSED
    if plain and not in_tiles and _number(tags, _PHOTOMETRIC, _BLACK_IS_ZERO) != _YCBCR:
        # Pillow reads beyond a strip that is too short.
        bits = tags.get(_BITS, _NONE).tolist() or [1]
        planes = bits[:samples] if len(bits) >= samples else bits[:1] * samples
        row = sum(math.ceil(width * plane / 8) for plane in (planes if separate else [sum(planes)]))
        if lengths.sum(dtype=np.uint64) < height * row:
            raise NotDecodable("a truncated TIFF (short strips)")


def _number(tags: _Tags, tag: int, default: int) -> int:
    """Return a tag's first number."""
    numbers = tags.get(tag, _NONE)
    return int(numbers[0]) if len(numbers) else default


def _directory(data: bytes | bytearray) -> _Tags:
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
    tags: _Tags = {}
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
