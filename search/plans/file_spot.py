"""Where a file is below a folder, and looking at it without following a link."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

#: Without O_NONBLOCK, opening a named pipe waits for a writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_CHUNK = 2**20

#: The errors of opening a link that may not be followed, at the end of a path and on the way.
_LINKED = (errno.ELOOP, errno.EMLINK, errno.ENOTDIR)


@dataclass(frozen=True, slots=True)
class FileSpot:
    """The place of a file: a folder, which may be reached by links, and the path below it, which may have none."""

    root: str
    path: str

    def __str__(self) -> str:
        return os.path.join(self.root, self.path)  # noqa: PTH118 - the text, as it was given

    def beside(self, name: str) -> "FileSpot":
        """Return the place of another name in the same folder."""
        folder, slash, _ = self.path.rpartition("/")
        return FileSpot(self.root, folder + slash + name)


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file as it was when all of it was read: its sha256, and what tells whether it is the same one still."""

    digest: bytes
    device: int
    inode: int
    size: int
    mtime_ns: int
    mode: int

    def is_same_file(self, other: "SeenFile") -> bool:
        """Return whether two names are of one file (hard links)."""
        return (self.device, self.inode) == (other.device, other.inode)

    def is_unchanged(self, status: os.stat_result) -> bool:
        """Return whether a status is of this file, and nothing was written to it since."""
        return (self.device, self.inode, self.size, self.mtime_ns) == _state(status)


def _state(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def is_below(path: str) -> bool:
    """Return whether a path leads to something below a folder, step by step."""
    return "\0" not in path and all(name not in ("", ".", "..") for name in path.split("/"))


@contextmanager
def parent_of(spot: FileSpot, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """Yield a descriptor of the folder that a file lies in, and its name there; no link below the root is followed.

    With `make` missing folders are made durably, that of the root included. Raise OSError.
    """
    if not is_below(spot.path):
        raise OSError(errno.EINVAL, f"expected a path below {spot.root}", spot.path)
    if make and not os.path.lexists(spot.root):
        parent, name = os.path.split(spot.root)
        with _opened(os.open(parent, _FOLDER)) as above:
            _make(name, above)
    *folders, name = spot.path.split("/")
    descriptor = os.open(spot.root, _FOLDER)
    try:
        for folder in folders:
            above = descriptor
            try:
                if make:
                    _make(folder, above)
                descriptor = os.open(folder, _FOLDER | os.O_NOFOLLOW, dir_fd=above)
            finally:
                if descriptor != above:
                    os.close(above)
        yield descriptor, name
    finally:
        os.close(descriptor)


def _make(name: str, above: int) -> None:
    try:
        os.mkdir(name, dir_fd=above)
    except FileExistsError:
        return
    os.fsync(above)


@contextmanager
def _opened(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def look(spot: FileSpot) -> SeenFile | None:
    """Read a file and return what was seen, None if there is none.

    Raise OSError if it cannot be read, changes meanwhile, is no ordinary file, or a link leads to it.
    """
    try:
        with parent_of(spot) as (folder, name):
            return look_in(folder, name)
    except FileNotFoundError:
        return None


def look_in(folder: int, name: str) -> SeenFile:
    """Read a file in an open folder and return what was seen; raise OSError as `look`, also if there is none."""
    with _opened(os.open(name, _FILE, dir_fd=folder)) as file:
        before = os.fstat(file)
        if not stat.S_ISREG(before.st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", name)
        sha256 = hashlib.sha256()
        while chunk := os.read(file, _CHUNK):
            sha256.update(chunk)
        if _state(os.fstat(file)) != _state(before):
            raise OSError(errno.EAGAIN, "it changed while it was read", name)
    return SeenFile(sha256.digest(), *_state(before), stat.S_IMODE(before.st_mode))


def problem_of(error: OSError) -> str:
    """Return why a file is left alone, for a person."""
    if error.errno in _LINKED:
        return "a link leads to it"
    return error.strerror or str(error)
