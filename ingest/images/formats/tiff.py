"""TIFF: the first image's size, samples and orientation, and whether all strips or tiles are present (TIFF 6.0)."""

import numpy as np

from ingest.images.formats.exif import ORIENTATION, valid_orientation
from ingest.images.formats.image_format import Alpha, EncodedImage, ImageFormat, NotDecodable
from ingest.images.formats.tiff_directory import TiffDirectory

_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _SAMPLES, _PLANES = 256, 257, 258, 262, 277, 284
_TILE_WIDTH, _TILE_HEIGHT, _EXTRA, _SAMPLE_FORMAT = 322, 323, 338, 339
#: The tags of the offsets and lengths of strips and of tiles.
_PARTS = ((273, 279), (324, 325))

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_SEPARATE = 2
_SAMPLE_FORMATS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
_ALPHAS = {1: Alpha.PREMULTIPLIED, 2: Alpha.STRAIGHT}

#: The most pixels of a tile: it is decoded completely, however small the image is.
_MAX_TILE = 1 << 24


def read(data: bytes) -> EncodedImage:
    """Read the first directory; those of further pages are ignored."""
    tags = TiffDirectory(data)
    width, height = tags.number(_WIDTH, 0), tags.number(_HEIGHT, 0)
    if tags.number(_TILE_WIDTH, 0) * tags.number(_TILE_HEIGHT, 0) > _MAX_TILE:
        raise NotDecodable("a TIFF of huge tiles")
    for number in tags.numbers(_SAMPLE_FORMAT):
        if number in _SAMPLE_FORMATS:
            raise NotDecodable(f"a TIFF of {_SAMPLE_FORMATS[number]} numbers, which have no defined white")
    _require_parts(tags, len(data))
    alpha = _alpha(tags)
    deep = _is_deep(tags)
    orientation = valid_orientation(tags.number(ORIENTATION, 1))
    if orientation != 1:
        # OpenCV ignores IMREAD_IGNORE_ORIENTATION for TIFF, and turns tiled images wrongly.
        data = tags.with_number(ORIENTATION, 1)
    if not deep:
        # libtiff premultiplies the colours.
        unchanged = alpha is not Alpha.IGNORED
        return EncodedImage(data, width, height, orientation, unchanged=unchanged, alpha=Alpha.PREMULTIPLIED)
    inverted = tags.number(_PHOTOMETRIC, _BLACK_IS_ZERO) == _WHITE_IS_ZERO
    return EncodedImage(data, width, height, orientation, unchanged=True, alpha=alpha, white=0xFFFF, inverted=inverted)


def _require_parts(tags: TiffDirectory, size: int) -> None:
    """Raise NotDecodable unless all strips and tiles lie within the file."""
    for part_tags in _PARTS:
        offsets, lengths = (np.array(tags.numbers(tag), np.uint64) for tag in part_tags)
        if len(offsets) == len(lengths) and ((offsets > size) | (lengths > size - np.minimum(offsets, size))).any():
            raise NotDecodable("a truncated TIFF")


def _alpha(tags: TiffDirectory) -> Alpha:
    """Return the meaning of the extra sample; raise NotDecodable when OpenCV would drop transparency."""
    alpha = next((_ALPHAS[extra] for extra in tags.numbers(_EXTRA) if extra in _ALPHAS), Alpha.IGNORED)
    if alpha is not Alpha.IGNORED and (tags.number(_PHOTOMETRIC, _RGB), tags.number(_SAMPLES, 1)) != (_RGB, 4):
        raise NotDecodable("a transparent TIFF other than RGBA, whose transparency OpenCV drops")
    return alpha


def _is_deep(tags: TiffDirectory) -> bool:
    """Return whether samples have more than 8 bits; raise NotDecodable for those that OpenCV would misread."""
    bits = tags.numbers(_BITS, (1,))
    if max(bits, default=1) <= 8:
        return False
    samples, photometric = tags.number(_SAMPLES, 1), tags.number(_PHOTOMETRIC, -1)
    grey = photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO) and samples == 1
    colour = photometric == _RGB and samples in (3, 4) and tags.number(_PLANES, 1) != _SEPARATE
    if max(bits) > 16 or not (grey or colour):
        raise NotDecodable(f"a TIFF of {max(bits)} bits per sample, of a kind that OpenCV misreads")
    return True


#: Classic TIFF and BigTIFF, in either byte order.
FORMAT = ImageFormat("TIFF", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), ("tif", "tiff"), read)
