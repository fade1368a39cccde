"""Images and labels in an `.npz` file of NumPy arrays, as Keras' mnist.npz; pickled objects are refused."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ingest.errors import SourceUnusable, UnreadableImage, first_line
from ingest.sources.arrays import ArraySource, FileArray, Split, require_shape
from ingest.sources.files import open_named
from ingest.sources.table import preview
from ingest.sources.unpacking import DAMAGE, require_no_bomb, unpack
from storage.console import printable
from storage.files.npy_header import read_npy_header
from storage.types.storable import label_of

#: The names of the splits, and of the arrays of their images and labels.
_SPLITS = {"train": ("x_train", "y_train"), "test": ("x_test", "y_test")}
_UNSPLIT = ("images", "labels")

_ARRAYS = "arrays x_train and y_train, x_test and y_test, or both, or images and perhaps labels"

#: The compression methods of NumPy.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

#: The longest label, in bytes of its array.
_LABEL_SIZE_LIMIT = 4096


def npz_source(path: str | Path, name: str = "npz") -> ArraySource:
    """Open an `.npz` file of uint8 images, (n, h, w) or (n, h, w, 1 or 3); raise SourceUnusable.

    Keys count from `npz/train/00000` and `npz/test/00000`, or from `npz/00000`.
    """
    shown = printable(str(path))
    with open_named(Path(path), "an .npz file") as file:
        try:
            archive = zipfile.ZipFile(file)
        except (*DAMAGE, NotImplementedError) as error:
            raise SourceUnusable(f"expected an .npz file, got {shown}: '{error}'") from error
        with archive:
            members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            splits: list[tuple[str | None, str, str]] = [
                (split, *pair) for split, pair in _SPLITS.items() if not members.keys().isdisjoint(pair)
            ] or [(None, *_UNSPLIT)]
            for split, images, labels in splits:
                if images not in members or (split is not None and labels not in members):
                    raise SourceUnusable(f"expected {_ARRAYS} in {shown}, got {preview(sorted(members))}")
            return ArraySource(name, [_split(archive, members, *names, shown) for names in splits])


def _split(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str | None, images: str, labels: str, file: str
) -> Split:
    array = _images(archive, members[images], f"{images} of {file}")
    if labels not in members:
        return Split(name, array, lambda _: None)
    return Split(name, array, _labels(archive, members[labels], f"{labels} of {file}", len(array)))


def _images(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> FileArray:
    def check(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        if dtype != np.uint8:
            given = "objects, which are never unpickled" if dtype.hasobject else dtype
            raise SourceUnusable(f"expected images as uint8, 0 to 255, in {name}, got {given}: convert them first")
        if len(shape) not in (3, 4) or shape[3:] not in ((), (1,), (3,)):
            raise SourceUnusable(
                f"expected images of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3) in {name}, got {shape}: "
                "reshape them first"
            )
        require_shape(shape[1:], name)

    array = _read(archive, member, name, check)
    return replace(array, shape=array.shape[:3]) if array.shape[3:] == (1,) else array


def _labels(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, count: int) -> Callable[[int], str | None]:
    """Return a function from an index to its label; it raises UnreadableImage for a label that is not text."""

    def check(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        if dtype.kind not in "iufSU" or not 0 < dtype.itemsize <= _LABEL_SIZE_LIMIT:
            given = "objects, which are never unpickled" if dtype.hasobject else dtype
            raise SourceUnusable(f"expected labels as numbers or text in {name}, got {given}: convert them first")
        if shape not in ((count,), (count, 1)):
            raise SourceUnusable(f"expected {count} labels in {name}, one per image, got an array of shape {shape}")

    array = _read(archive, member, name, check)

    def label(index: int) -> str | None:
        data = array.read(index)
        if array.dtype.kind in "iuf":
            number = np.frombuffer(data, array.dtype)[0]
            return label_of(float(number) if array.dtype.kind == "f" else int(number))
        if array.dtype.kind == "S":
            # Bytes that are not UTF-8 become surrogates: this image alone is rejected later.
            return data.rstrip(b"\0").decode(errors="surrogateescape")
        try:
            return data.decode("utf-32-be" if array.dtype.str[0] == ">" else "utf-32-le").rstrip("\0")
        except UnicodeDecodeError as error:
            raise UnreadableImage(
                f"expected a label that is text at index {index} of {name}, got {error.reason}"
            ) from error

    return label


def _read(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    name: str,
    check: Callable[[tuple[int, ...], np.dtype[Any]], None],
) -> FileArray:
    """Read an array whose shape and type pass `check`; raise SourceUnusable."""
    if member.compress_type not in _METHODS:
        raise SourceUnusable(f"expected {name} to be stored or deflated, as NumPy does, got another compression")
    try:
        stream = archive.open(member)
    except DAMAGE as error:
        raise _unreadable(name, error) from error
    with stream:
        try:
            shape, is_fortran, dtype = read_npy_header(stream)
            start = stream.tell()
        except DAMAGE as error:
            raise _unreadable(name, error) from error
        check(shape, dtype)
        if is_fortran and len(shape) > 1:
            raise SourceUnusable(f"expected {name} in C order, got Fortran order: save `np.ascontiguousarray` of it")
        size = prod(shape) * dtype.itemsize
        if min(shape) < 0 or member.file_size - start != size:
            raise SourceUnusable(
                f"expected {size} bytes of values in {name}, as its header says, got {member.file_size - start}: "
                "the file is damaged"
            )
        require_no_bomb(name, member.compress_size, size)
        return FileArray(unpack(stream, size, name), 0, shape, dtype, name)


def _unreadable(name: str, error: Exception) -> SourceUnusable:
    return SourceUnusable(
        f"expected a NumPy array that can be read in {name}, got '{first_line(error)}': the file is damaged"
    )
