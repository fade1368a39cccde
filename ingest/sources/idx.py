"""Images and labels in IDX files, the format of MNIST: http://yann.lecun.com/exdb/mnist/.

A header with a magic number and the dimensions, each four bytes, big-endian, then unsigned bytes; gzipped or not.
"""

import gzip
import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np

from ingest.errors import SourceUnusable
from ingest.sources.arrays import ArraySource, FileArray, Split, require_shape
from ingest.sources.files import exists, is_folder, open_named, size_of
from ingest.sources.random_access_file import RandomAccessFile
from ingest.sources.unpacking import Stream, read_packed, require_no_bomb, unpack
from storage.console import printable

#: The magic numbers of unsigned bytes in three dimensions, and in one.
_IMAGES, _LABELS = 0x0803, 0x0801

_GZIP = b"\x1f\x8b"

_UINT8 = np.dtype(np.uint8)

#: The names of the splits, and the prefixes of their files.
_SPLITS = {"train": "train", "test": "t10k"}

_FILES = "train-images-idx3-ubyte and train-labels-idx1-ubyte, or the same of t10k, gzipped or not"


def idx_source(folder: str | Path, name: str = "idx") -> ArraySource:
    """Open a folder's IDX files: `train-...`, `t10k-...` or both; raise SourceUnusable.

    Keys count from `idx/train/00000`, and from `idx/test/00000` for the files named t10k.
    """
    folder = Path(folder)
    shown = printable(str(folder))
    if not is_folder(folder):
        raise SourceUnusable(
            f"expected a folder of IDX files, got {shown}, which is not a folder: name one that exists"
        )
    splits = [_split(folder, split, prefix) for split, prefix in _SPLITS.items() if any(_find_files(folder, prefix))]
    if not splits:
        raise SourceUnusable(f"expected {_FILES}, found none in {shown}")
    return ArraySource(name, splits)


def open_idx_source(files: Mapping[str, RandomAccessFile], name: str, shown: str) -> ArraySource:
    """Return the images of both splits in open files, named as MNIST's own and not gzipped; raise SourceUnusable.

    Messages say that they are `shown`'s.
    """
    splits = []
    for split, prefix in _SPLITS.items():
        images_name, labels_name = f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"
        images = _plain_array(files[images_name], _IMAGES, f"{images_name} of {shown}")
        labels = _plain_array(files[labels_name], _LABELS, f"{labels_name} of {shown}", len(images))
        splits.append(_split_of(split, images, labels))
    return ArraySource(name, splits)


def is_complete(folder: Path) -> bool:
    """Return whether a folder has the images and labels of both splits."""
    return all(all(_find_files(folder, prefix)) for prefix in _SPLITS.values())


def _find_files(folder: Path, prefix: str) -> tuple[Path | None, Path | None]:
    """Return the paths of a split's images and labels; None for a file that is missing."""
    return _find_file(folder, f"{prefix}-images", "idx3-ubyte"), _find_file(folder, f"{prefix}-labels", "idx1-ubyte")


def _find_file(folder: Path, start: str, end: str) -> Path | None:
    # Some copies have a full stop where MNIST's own names have a hyphen.
    names = (f"{start}{mark}{end}{packed}" for packed in ("", ".gz") for mark in "-.")
    return next((path for path in (folder / name for name in names) if exists(path)), None)


def _split(folder: Path, name: str, prefix: str) -> Split:
    images_path, labels_path = _find_files(folder, prefix)
    if images_path is None or labels_path is None:
        raise SourceUnusable(
            f"expected both images and labels of {prefix} in {printable(str(folder))}, found only "
            f"{(images_path or labels_path or folder).name}"
        )
    images = _read(images_path, _IMAGES)
    return _split_of(name, images, _read(labels_path, _LABELS, len(images)))


def _split_of(name: str, images: FileArray, labels: FileArray) -> Split:
    values = labels.file.read_at(labels.offset, len(labels))
    return Split(name, images, lambda index: str(values[index]))


def _read(path: Path, magic: int, count: int | None = None) -> FileArray:
    """Open the array in an IDX file, which must have `count` items if that is given; raise SourceUnusable."""
    name = printable(str(path))
    with open_named(path, "an IDX file") as file:
        # By content, since browsers decompress a download and keep its name.
        is_packed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        if not is_packed:
            return _plain_array(RandomAccessFile(file), magic, name, count)
        with gzip.GzipFile(fileobj=file) as stream:
            dimensions = _header(stream, magic, name, count)
            size = prod(dimensions)
            require_no_bomb(name, size_of(file), size)
            return FileArray(unpack(stream, size, name), 0, dimensions, _UINT8, name)


def _plain_array(file: RandomAccessFile, magic: int, name: str, count: int | None = None) -> FileArray:
    """Return the array in an IDX file that is not gzipped; raise SourceUnusable."""
    dimensions = _header(file.reader(), magic, name, count)
    size, offset = prod(dimensions), 4 + 4 * len(dimensions)
    actual = file.size - offset
    if actual != size:
        fault = "truncated" if actual < size else "followed by something else"
        raise SourceUnusable(f"expected {size} bytes after the header of {name}, got {actual}: the file is {fault}")
    return FileArray(file, offset, dimensions, _UINT8, name)


def _header(stream: Stream, magic: int, name: str, count: int | None) -> tuple[int, ...]:
    """Read a header, and return the dimensions; raise SourceUnusable for another magic number or count."""
    first = read_packed(stream, 4, name)
    if first != struct.pack(">I", magic):
        raise SourceUnusable(
            f"expected an IDX file with the magic number {magic} at {name}, got "
            f"{struct.unpack('>I', first)[0] if len(first) == 4 else f'{len(first)} bytes'}: it is another kind of file"
        )
    axes = magic & 0xFF
    sizes = read_packed(stream, 4 * axes, name)
    if len(sizes) < 4 * axes:
        raise SourceUnusable(f"expected {axes} dimensions in {name}, got the end of the file: it is truncated")
    dimensions: tuple[int, ...] = struct.unpack(f">{axes}I", sizes)
    if axes > 1:
        require_shape(dimensions[1:], name)
    if count is not None and dimensions[0] != count:
        raise SourceUnusable(f"expected {count} labels in {name}, one per image, got {dimensions[0]}")
    return dimensions
