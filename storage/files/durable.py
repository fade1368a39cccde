"""Write, rename, link and remove files durably; all files but the catalog are written by these functions.

A file appears under its name complete and durable, or not at all: it is written under a temporary name, flushed to the
disk (fsync) and renamed, and then its folder is flushed. SQLite writes the catalog.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from storage.errors import StoreUnwritable

TEMPORARY_SUFFIX = ".tmp"


class HashedFile:
    """A file open for writing that counts and hashes what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> int:
        """Write all of `data` and return its length."""
        self._file.write(data)
        self._sha256.update(data)
        self.size += len(data)
        return len(data)

    @property
    def sha256(self) -> bytes:
        """The sha256 of everything written so far."""
        return self._sha256.digest()


def write_file(folder: Path, write: Callable[[HashedFile], object], name: Callable[[bytes], str]) -> HashedFile:
    """Write a new file durably, named after its own sha256; return its size and sha256.

    `write` is called with the open file, `name` with the sha256 of what it wrote. Raise StoreUnwritable when the file
    system refuses; then there is no new file.
    """
    return _write(folder / f"new{TEMPORARY_SUFFIX}", write, lambda digest: folder / name(digest))


def replace_file_with(path: Path, write: Callable[[HashedFile], object], temporary: Path | None = None) -> None:
    """Replace a file atomically and durably with what `write` writes; on failure it stays as it was.

    It is written under a temporary name in the same folder first, whose file, if there is one, is lost.
    """
    _write(temporary or path.with_name(path.name + TEMPORARY_SUFFIX), write, lambda _: path)


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file atomically and durably with these bytes; on failure it stays as it was."""
    replace_file_with(path, lambda file: file.write(data))


def _write(temporary: Path, write: Callable[[HashedFile], object], destination: Callable[[bytes], Path]) -> HashedFile:
    try:
        with _new_file(temporary) as raw:
            hashed = HashedFile(raw)
            write(hashed)
            raw.flush()
            os.fsync(raw.fileno())
        path = destination(hashed.sha256)
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise unwritable(temporary.parent, error) from error
        raise
    return hashed


def _new_file(path: Path) -> BinaryIO:
    """Open a new file for writing, replacing any file or link of its name; a link is not followed."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), "wb")


def write_empty(path: Path) -> None:
    """Create an empty file, replacing any file or link of its name; durable only after `rename`."""
    with write_errors(path):
        _new_file(path).close()


def rename(old: Path, new: Path) -> None:
    """Rename a finished file durably, replacing any file of the new name."""
    with write_errors(new):
        old.replace(new)
        sync_folder(new.parent)


def link(target: Path, name: Path) -> None:
    """Make `name` a second name of the finished file `target`, atomically replacing the file that had it.

    It is a hard link, which takes no space, or a copy where the file system has no links.
    """
    temporary = name.with_name(name.name + TEMPORARY_SUFFIX)
    with write_errors(name):
        temporary.unlink(missing_ok=True)
        try:
            os.link(target, temporary)
        except OSError:
            with target.open("rb") as file:
                replace_file_with(name, lambda copy: shutil.copyfileobj(file, copy))
            return
        temporary.replace(name)
        # Renaming one hard link over another of the same file does nothing and leaves both: remove the temporary one.
        temporary.unlink(missing_ok=True)
        sync_folder(name.parent)


def make_folder(folder: Path) -> None:
    """Create a folder with its parents durably."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for path in missing:
            sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file if it exists; the removal is not flushed, so a power loss may undo it."""
    with write_errors(path):
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Flush a folder, so that the names in it survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Raise StoreUnwritable for an OSError of writing a path."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> StoreUnwritable:
    """Return the error for a path that could not be written."""
    reason = error.strerror or str(error)
    return StoreUnwritable(
        f"expected to write {path}, got '{reason}': everything acknowledged so far is kept; free space or change "
        "the permissions and run the same command again"
    )
