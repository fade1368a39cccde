"""Tell whether a file is one that a store's items were made from, under whatever path it is named."""

import os
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path


def is_source_file(path: Path, sources: Iterable[str], keys: Callable[[], Iterable[str]]) -> bool:
    """Return whether a file is one that jobs over these sources read: an image, a manifest, or a file of a data set.

    `sources` are texts as in `Job.source`. `keys` returns the paths of the images relative to a source's folder; it is
    called only if the file can be one of them. Files are compared by device and inode, so that links count.
    """
    try:
        status = path.stat()
    except OSError:
        return False
    identity = (status.st_dev, status.st_ino)
    folders, files, elsewhere = _locations(sources)
    if identity in map(_identity, files):
        return True
    above = {_identity(folder) for folder in Path(os.path.realpath(path)).parents}
    # A file with one name that lies in no source's folder need not be compared with each image.
    if status.st_nlink == 1 and not elsewhere and not any(_identity(folder) in above for folder in folders):
        return False
    return any(_identity(folder / key) == identity for key in keys() for folder in folders)


def _locations(sources: Iterable[str]) -> tuple[set[Path], set[Path], bool]:
    """Return the folders of images, the files of data sets, and whether images can be anywhere.

    They can if a program passed the images: then a key is at best a path from the working folder.
    """
    folders: set[Path] = set()
    files: set[Path] = set()
    elsewhere = False
    for source in set(sources):
        if source.startswith("("):
            elsewhere = True
            folders.add(Path())
            continue
        try:
            kind, _, text = shlex.split(source)[0].partition(":")
        except (ValueError, IndexError):
            continue
        path = Path(text)
        if not text:
            continue
        if path.is_file():
            files.add(path)
            folders.add(path.parent)
        else:
            folders.add(path)
            files.update(path.glob("*") if kind == "idx" else ())
    return folders, files, elsewhere


def _identity(path: Path) -> tuple[int, int] | None:
    """Return a file's device and inode; None if there is no such file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino
