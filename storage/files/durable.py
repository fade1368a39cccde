"""Every file that Lookalike writes, renames, links or removes itself goes through here.

A file appears under its name whole and durable, or not at all: it is written under a temporary name, flushed to
the disk, renamed, and the folder that holds the name is flushed too. The catalog's own writes are SQLite's.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from storage.errors import StoreUnwritable

TEMPORARY_SUFFIX = ".tmp"


class HashedFile:
    """A file being written, which counts and hashes the bytes that pass."""

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
        """Return the sha256 of everything written so far."""
        return self._sha256.digest()


def write_file(
    folder: Path, write: Callable[[HashedFile], None], name: Callable[[bytes], str]
) -> tuple[Path, int, bytes]:
    """Write a new file durably, named after its own sha256; return its path, size and sha256.

    `write` is handed the open file; `name` makes the file's name from the sha256 of what was written.
    Raise StoreUnwritable when the file system refuses; nothing is left under the name then.
    """
    return _write(folder / f"new{TEMPORARY_SUFFIX}", write, lambda digest: folder / name(digest))


def replace_file_with(path: Path, write: Callable[[HashedFile], None]) -> None:
    """Write a file of the given name in one step: whole and durable, or as it was before."""
    _write(path.with_name(path.name + TEMPORARY_SUFFIX), write, lambda _: path)


def replace_file(path: Path, data: bytes) -> None:
    """Write these bytes as a file of the given name in one step: whole and durable, or as it was before."""

    def write(file: HashedFile) -> None:
        file.write(data)

    replace_file_with(path, write)


def _write(
    temporary: Path, write: Callable[[HashedFile], None], destination: Callable[[bytes], Path]
) -> tuple[Path, int, bytes]:
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
    return path, hashed.size, hashed.sha256


def _new_file(path: Path) -> BinaryIO:
    """Open a new file for writing, in place of whatever had the name; a link is not followed."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), "wb")


def write_empty(path: Path) -> None:
    """Make an empty file, in place of whatever had the name; durable only once it is renamed."""
    try:
        _new_file(path).close()
    except OSError as error:
        raise unwritable(path, error) from error


def rename(old: Path, new: Path) -> None:
    """Give a finished file its name, durably, in place of whatever had it."""
    try:
        old.replace(new)
        sync_folder(new.parent)
    except OSError as error:
        raise unwritable(new, error) from error


def publish_name(target: Path, name: Path) -> None:
    """Make `name` a second name of the finished file `target`, replacing the old one in a single step.

    A hard link costs no space; where the file system has none, it is a copy.
    """
    temporary = name.with_name(name.name + TEMPORARY_SUFFIX)
    try:
        temporary.unlink(missing_ok=True)
        try:
            os.link(target, temporary)
        except OSError:
            with target.open("rb") as file:
                replace_file_with(name, lambda copy: shutil.copyfileobj(file, copy))
            return
        temporary.replace(name)
        # Renaming one name of a file over another name of the same file does nothing: remove the spare.
        temporary.unlink(missing_ok=True)
        sync_folder(name.parent)
    except OSError as error:
        raise unwritable(name, error) from error


def make_folder(folder: Path) -> None:
    """Create a folder with its parents, and flush the name of each new one."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in missing:
            sync_folder(one.parent)
    except OSError as error:
        raise unwritable(folder, error) from error


def remove(path: Path) -> None:
    """Remove a file if it is there; its absence need not survive a power cut."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def sync_folder(folder: Path) -> None:
    """Flush a folder, so that the names in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(path: Path, error: OSError) -> StoreUnwritable:
    """Say in one line which path could not be written, why, and what is still true."""
    reason = error.strerror or str(error)
    return StoreUnwritable(
        f"expected to write {path}, got '{reason}': everything acknowledged so far is kept; free space or change "
        "the permissions and run the same command again"
    )
