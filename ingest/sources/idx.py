"""Images and labels in IDX files, the format of MNIST's own: http://yann.lecun.com/exdb/mnist/.

A header of a magic number and the dimensions, each four bytes, big-endian, then unsigned bytes; gzipped or not.
"""

import contextlib
import gzip
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path

from ingest.errors import SourceUnusable
from ingest.sources.arrays import ArraySource, Pixels, Split, require_shape
from ingest.sources.files import HeldFile, exists, is_folder, open_named, size_of
from ingest.sources.unpacking import Readable, read_packed, require_no_bomb, unpacked
from storage.console import printable

#: Unsigned bytes in three dimensions, and in one.
_IMAGES, _LABELS = 0x0803, 0x0801

_GZIP = b"\x1f\x8b"

#: The splits' names, and how their files' names begin.
_SPLITS = {"train": "train", "test": "t10k"}

_WANTED = "train-images-idx3-ubyte and train-labels-idx1-ubyte, or the same of t10k, gzipped or not"


def idx_source(folder: str | Path, name: str = "idx") -> ArraySource:
    """Open a folder's IDX files: `train-...`, `t10k-...` or both; raise SourceUnusable.

    Keys are `idx/train/00000` and on, and `idx/test/00000` and on for the files named t10k.
    """
    place = Path(folder)
    if not is_folder(place):
        raise SourceUnusable(
            f"expected a folder of IDX files, got {printable(str(place))}, which is not a folder: name one that exists"
        )
    splits = [_split(place, split, prefix) for split, prefix in _SPLITS.items() if any(_files(place, prefix))]
    if not splits:
        raise SourceUnusable(f"expected {_WANTED}, found none in {printable(str(place))}")
    return ArraySource(name, splits)


def is_complete(folder: Path) -> bool:
    """Tell whether a folder has the images and labels of both splits."""
    return all(all(_files(folder, prefix)) for prefix in _SPLITS.values())


def _files(folder: Path, prefix: str) -> tuple[Path | None, Path | None]:
    """Return where a split's images and labels are, if they are."""
    return _file(folder, f"{prefix}-images", "idx3-ubyte"), _file(folder, f"{prefix}-labels", "idx1-ubyte")


def _file(folder: Path, start: str, end: str) -> Path | None:
    # Some put a full stop where MNIST's own names have a hyphen.
    names = (f"{start}{mark}{end}{packed}" for packed in ("", ".gz") for mark in "-.")
    return next((path for path in (folder / name for name in names) if exists(path)), None)


def _split(folder: Path, name: str, prefix: str) -> Split:
    images, labels = _files(folder, prefix)
    if images is None or labels is None:
        raise SourceUnusable(
            f"expected both images and labels of {prefix} in {printable(str(folder))}, found only "
            f"{(images or labels or folder).name}"
        )
    pictures = _read(images, _IMAGES)
    digits = _read(labels, _LABELS, count=pictures.dimensions[0])
    count, *shape = pictures.dimensions
    values = digits.file.read_at(digits.start, count)
    pixels = Pixels(pictures.file, pictures.start, count, tuple(shape), printable(str(images)))
    return Split(name, pixels, lambda index: str(values[index]))


@dataclass(frozen=True)
class _Idx:
    """What an IDX file's header says, and where the bytes after it are."""

    dimensions: tuple[int, ...]
    file: HeldFile
    start: int


def _read(path: Path, magic: int, count: int | None = None) -> _Idx:
    """Read an IDX file, of `count` items if that is known; raise SourceUnusable."""
    name = printable(str(path))
    with open_named(path, "an IDX file") as file:
        packed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        # By content, since browsers unpack what they load and keep its name.
        with gzip.GzipFile(fileobj=file) if packed else contextlib.nullcontext(file) as stream:
            dimensions = _header(stream, magic, name)
            if count is not None and dimensions[0] != count:
                raise SourceUnusable(f"expected {count} labels in {name}, one an image, got {dimensions[0]}")
            size = prod(dimensions)
            if packed:
                require_no_bomb(name, size_of(file), size)
                return _Idx(dimensions, unpacked(stream, size, name), 0)
        start = 4 + 4 * len(dimensions)
        found = size_of(file) - start
        if found != size:
            what = "truncated" if found < size else "followed by something else"
            raise SourceUnusable(f"expected {size} bytes after the header of {name}, got {found}: the file is {what}")
        return _Idx(dimensions, HeldFile(file), start)


def _header(stream: Readable, magic: int, name: str) -> tuple[int, ...]:
    """Read a header and return the dimensions; raise SourceUnusable when it has another magic number."""
    start = read_packed(stream, 4, name)
    if start != struct.pack(">I", magic):
        raise SourceUnusable(
            f"expected an IDX file with the magic number {magic} at {name}, got "
            f"{struct.unpack('>I', start)[0] if len(start) == 4 else f'{len(start)} bytes'}: it is another kind of file"
        )
    axes = magic & 0xFF
    rest = read_packed(stream, 4 * axes, name)
    if len(rest) < 4 * axes:
        raise SourceUnusable(f"expected {axes} dimensions in {name}, got the end of the file: it is truncated")
    dimensions: tuple[int, ...] = struct.unpack(f">{axes}I", rest)
    if axes > 1:
        require_shape(dimensions[1:], name)
    return dimensions
