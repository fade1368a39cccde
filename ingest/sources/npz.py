"""Images and labels in an `.npz` file of NumPy arrays, as Keras' mnist.npz; nothing in it is unpickled."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from ingest.errors import SourceUnusable, UnreadableImage
from ingest.sources.arrays import ArraySource, Pixels, Split, require_shape
from ingest.sources.files import HeldFile, open_named
from ingest.sources.table import shown_names
from ingest.sources.unpacking import DAMAGE, require_no_bomb, unpacked
from storage.console import printable

#: A split's name, and the arrays of its images and labels.
_SPLITS = {"train": ("x_train", "y_train"), "test": ("x_test", "y_test")}
_WHOLE = ("images", "labels")

_WANTED = "arrays x_train and y_train, x_test and y_test, or both, or images and perhaps labels"

#: How NumPy packs.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

#: The longest label, in bytes of its array.
_LABEL_SIZE = 4096


def npz_source(path: str | Path, name: str = "npz") -> ArraySource:
    """Open an `.npz` file of uint8 images, (n, h, w) or (n, h, w, 1 or 3); raise SourceUnusable.

    Keys are `npz/train/00000` and on, `npz/test/00000` and on, or `npz/00000` and on.
    """
    place = Path(path)
    shown = printable(str(place))
    with open_named(place, "an .npz file") as file:
        try:
            archive = zipfile.ZipFile(file)
        except (*DAMAGE, NotImplementedError) as error:
            raise SourceUnusable(f"expected an .npz file, got {shown}: '{error}'") from error
        with archive:
            known = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            splits = [(split, *pair) for split, pair in _SPLITS.items() if not known.keys().isdisjoint(pair)]
            wanted: list[tuple[str | None, str, str]] = [*splits] or [(None, *_WHOLE)]
            for split, images, labels in wanted:
                if images not in known or (split is not None and labels not in known):
                    raise SourceUnusable(f"expected {_WANTED} in {shown}, got {shown_names(sorted(known))}")
            return ArraySource(name, [_split(archive, known, *names, shown) for names in wanted])


@dataclass(frozen=True)
class _Array:
    """An array's values in a file of our own, in C order."""

    file: HeldFile
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def _split(
    archive: zipfile.ZipFile, known: dict[str, zipfile.ZipInfo], split: str | None, images: str, labels: str, file: str
) -> Split:
    pixels = _pixels(archive, known[images], f"{images} of {file}")
    if labels not in known:
        return Split(split, pixels, lambda _: None)
    return Split(split, pixels, _labels(archive, known[labels], f"{labels} of {file}", pixels.count))


def _pixels(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Pixels:
    def check(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        if dtype != np.uint8:
            what = "objects, which are never unpickled" if dtype.hasobject else dtype
            raise SourceUnusable(f"expected images as uint8, 0 to 255, in {name}, got {what}: convert them first")
        if len(shape) not in (3, 4) or shape[3:] not in ((), (1,), (3,)):
            raise SourceUnusable(
                f"expected images of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3) in {name}, got {shape}: "
                "reshape them first"
            )
        require_shape(shape[1:], name)

    array = _read(archive, member, name, check)
    count, height, width, *channels = array.shape
    return Pixels(array.file, 0, count, (height, width, 3) if channels == [3] else (height, width), name)


def _labels(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, count: int) -> Callable[[int], str]:
    """Return what gives the label of each image; it raises UnreadableImage when a label is no text."""

    def check(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        if dtype.kind not in "iuSU" or not 0 < dtype.itemsize <= _LABEL_SIZE:
            what = "objects, which are never unpickled" if dtype.hasobject else dtype
            raise SourceUnusable(f"expected labels as whole numbers or texts in {name}, got {what}: convert them first")
        if shape not in ((count,), (count, 1)):
            raise SourceUnusable(f"expected {count} labels in {name}, one an image, got an array of shape {shape}")

    array = _read(archive, member, name, check)

    def label(index: int) -> str:
        size = array.dtype.itemsize
        data = array.file.read_at(index * size, size)
        if array.dtype.kind in "iu":
            return str(np.frombuffer(data, array.dtype)[0])
        if array.dtype.kind == "S":
            # What is not UTF-8 is kept as it is, and rejected with this image alone.
            return data.rstrip(b"\0").decode(errors="surrogateescape")
        try:
            return data.decode("utf-32-be" if array.dtype.str[0] == ">" else "utf-32-le").rstrip("\0")
        except UnicodeDecodeError as error:
            raise UnreadableImage(
                f"expected a label that is a text at place {index} of {name}, got {error.reason}"
            ) from error

    return label


def _read(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    name: str,
    check: Callable[[tuple[int, ...], np.dtype[Any]], None],
) -> _Array:
    """Read an array whose shape and type pass a check; raise SourceUnusable."""
    if member.compress_type not in _METHODS:
        raise SourceUnusable(f"expected {name} to be stored or deflated, as NumPy does, got another compression")
    try:
        stream = archive.open(member)
    except DAMAGE as error:
        raise _unreadable(name, error) from error
    with stream:
        try:
            if npy.read_magic(stream) != (1, 0):
                raise ValueError("another version than 1.0 of NumPy's format")
            shape, is_fortran, dtype = npy.read_array_header_1_0(stream)
            start = stream.tell()
        except DAMAGE as error:
            raise _unreadable(name, error) from error
        check(shape, dtype)
        if is_fortran and len(shape) > 1:
            raise SourceUnusable(f"expected {name} in C order, got Fortran's: save `np.ascontiguousarray(...)` of it")
        size = prod(shape) * dtype.itemsize
        if min(shape) < 0 or member.file_size - start != size:
            raise SourceUnusable(
                f"expected {size} bytes of values in {name}, as its header says, got {member.file_size - start}: "
                "the file is damaged"
            )
        require_no_bomb(name, member.compress_size, size)
        return _Array(unpacked(stream, size, name), shape, dtype)


def _unreadable(name: str, error: Exception) -> SourceUnusable:
    reason = str(error).partition("\n")[0] or type(error).__name__
    return SourceUnusable(f"expected a NumPy array that can be read in {name}, got '{reason}': the file is damaged")
