"""TIFF: its first image's size, samples and orientation, and whether its strips or tiles are there (TIFF 6.0)."""

import numpy as np

from ingest.images.formats.exif import ORIENTATION, valid_orientation
from ingest.images.formats.image_format import Alpha, Encoded, Format, Refused
from ingest.images.formats.tiff_directory import Directory

_WIDTH, _HEIGHT, _BITS, _MEANING, _SAMPLES, _PLANES = 256, 257, 258, 262, 277, 284
_TILE_WIDTH, _TILE_HEIGHT, _EXTRA, _FORMAT = 322, 323, 338, 339
#: Where strips and tiles begin, and their lengths.
_PARTS = ((273, 279), (324, 325))

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_SEPARATE = 2
_FORMATS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
_ALPHAS = {1: Alpha.PREMULTIPLIED, 2: Alpha.STRAIGHT}

#: A tile is decoded as a whole, however small the image is.
_LARGEST_TILE = 1 << 24


def read(data: bytes) -> Encoded:
    """Read the first directory. Others, as of a document's further pages, are left alone."""
    tags = Directory(data)
    width, height = tags.number(_WIDTH, 0), tags.number(_HEIGHT, 0)
    if tags.number(_TILE_WIDTH, 0) * tags.number(_TILE_HEIGHT, 0) > _LARGEST_TILE:
        raise Refused("a TIFF of huge tiles")
    for number in tags.numbers(_FORMAT):
        if number in _FORMATS:
            raise Refused(f"a TIFF of {_FORMATS[number]} numbers, which have no white")
    _require_parts(tags, len(data))
    alpha = _alpha(tags)
    deep = _is_deep(tags)
    orientation = valid_orientation(tags.number(ORIENTATION, 1))
    if orientation != 1:
        # OpenCV turns TIFFs whatever it is told, and those made of tiles wrongly.
        data = tags.with_number(ORIENTATION, 1)
    if not deep:
        # libtiff has multiplied the colours by alpha.
        unchanged = alpha is not Alpha.IGNORED
        return Encoded(data, width, height, orientation, unchanged=unchanged, alpha=Alpha.PREMULTIPLIED)
    inverted = tags.number(_MEANING, _BLACK_IS_ZERO) == _WHITE_IS_ZERO
    return Encoded(data, width, height, orientation, unchanged=True, alpha=alpha, white=0xFFFF, inverted=inverted)


def _require_parts(tags: Directory, size: int) -> None:
    """Raise Refused unless all strips and tiles lie within the file."""
    for begin, length in _PARTS:
        starts, lengths = (np.array(tags.numbers(tag), np.uint64) for tag in (begin, length))
        if len(starts) == len(lengths) and ((starts > size) | (lengths > size - np.minimum(starts, size))).any():
            raise Refused("a truncated TIFF")


def _alpha(tags: Directory) -> Alpha:
    """Tell what the sample behind the colours means; raise Refused when OpenCV would drop one that matters."""
    alpha = next((_ALPHAS[extra] for extra in tags.numbers(_EXTRA) if extra in _ALPHAS), Alpha.IGNORED)
    if alpha is not Alpha.IGNORED and (tags.number(_MEANING, _RGB), tags.number(_SAMPLES, 1)) != (_RGB, 4):
        raise Refused("a transparent TIFF other than RGBA, whose transparency OpenCV drops")
    return alpha


def _is_deep(tags: Directory) -> bool:
    """Tell whether samples have more than 8 bits; raise Refused for those that OpenCV would misread."""
    bits = tags.numbers(_BITS, (1,))
    if max(bits, default=1) <= 8:
        return False
    samples, meaning = tags.number(_SAMPLES, 1), tags.number(_MEANING, -1)
    grey = meaning in (_WHITE_IS_ZERO, _BLACK_IS_ZERO) and samples == 1
    colour = meaning == _RGB and samples in (3, 4) and tags.number(_PLANES, 1) != _SEPARATE
    if max(bits) > 16 or not (grey or colour):
        raise Refused(f"a TIFF of {max(bits)} bits a sample, of a kind that OpenCV misreads")
    return True


FORMAT = Format("TIFF", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), read)
