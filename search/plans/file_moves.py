"""Move a file to a free name so that it is complete in one of two places at every moment, and never overwrites another.

The file first gets its second place, by a hard link or, on another file system, as a copy that is flushed to the disk.
Only then is the first name taken away: it is renamed to a name that nobody else uses, looked at again, and removed. So
a picture that another program saves under the name meanwhile stays. `settle` brings a move that was interrupted
anywhere to one of its two ends.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from enum import StrEnum
from itertools import count

from search.plans.file_spot import FileSpot, SeenFile, look, look_in, parent_of

_CHUNK = 2**20

#: The errors of hard links where there can be none: another file system, one without links, too many, not allowed.
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class Place(StrEnum):
    """Where a picture is after an interrupted move: at home, its place in the source, aside, or in neither place."""

    HOME = "home"
    ASIDE = "aside"
    NEITHER = "neither"


class FileChanged(OSError):
    """Another program has changed a file, or put another one in its place; that one stays."""

    def __init__(self, name: str) -> None:
        super().__init__(errno.EAGAIN, "it changed meanwhile", name)


def move(origin: FileSpot, target: FileSpot, seen: SeenFile, token: str) -> None:
    """Move a file durably to a name that is free, with the folders that it needs.

    `token` is a text that no other move has, for the names in between. Raise FileExistsError or another OSError; then
    `settle` tells where the file is.
    """
    with parent_of(origin) as (here, old), parent_of(target, make=True) as (there, new):
        try:
            os.link(old, new, src_dir_fd=here, dst_dir_fd=there, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _copy(here, old, there, new, seen, token)
        else:
            if not seen.is_unchanged(os.stat(new, dir_fd=there, follow_symlinks=False)):
                # Nothing is lost: it is a second name of what is still there.
                os.unlink(new, dir_fd=there)
                raise FileChanged(old)
        os.fsync(there)
        take_away(here, old, seen, token)


def take_away(folder: int, name: str, seen: SeenFile, token: str) -> None:
    """Remove a name durably if it is still of the file that was seen; raise FileChanged, and put it back, if not."""
    private = _private(token)
    os.rename(name, private, src_dir_fd=folder, dst_dir_fd=folder)
    if not seen.is_unchanged(os.stat(private, dir_fd=folder, follow_symlinks=False)):
        _put_back(folder, private, name)
        raise FileChanged(name)
    os.unlink(private, dir_fd=folder)
    os.fsync(folder)


def _copy(here: int, old: str, there: int, new: str, seen: SeenFile, token: str) -> None:
    temporary = temporary_name(token)
    copy_file(here, old, there, temporary, seen)
    publish(there, temporary, new)


def copy_file(here: int, old: str, there: int, new: str, seen: SeenFile) -> None:
    """Copy a file to a new name, flushed to the disk, and check what was written; raise FileChanged or OSError."""
    source = os.open(old, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
    try:
        target = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=there)
        try:
            while chunk := os.read(source, _CHUNK):
                view = memoryview(chunk)
                while view:
                    view = view[os.write(target, view) :]
            with contextlib.suppress(PermissionError):
                os.fchmod(target, seen.mode)
            os.utime(target, ns=(seen.mtime_ns, seen.mtime_ns))
            os.fsync(target)
        finally:
            os.close(target)
    finally:
        os.close(source)
    if look_in(there, new).digest != seen.digest:
        raise FileChanged(old)


def publish(folder: int, temporary: str, name: str) -> None:
    """Give a finished file a name that is free; raise FileExistsError."""
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Where there are no links, an empty file of our own keeps the name free for the rename.
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder))
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    else:
        os.unlink(temporary, dir_fd=folder)


def _put_back(folder: int, private: str, name: str) -> None:
    """Give a file its name back, or one beside it if another file has it meanwhile."""
    status = os.stat(private, dir_fd=folder, follow_symlinks=False)
    for candidate in numbered_names(name):
        try:
            publish(folder, private, candidate)
        except FileExistsError:
            other = os.stat(candidate, dir_fd=folder, follow_symlinks=False)
            if (other.st_dev, other.st_ino) != (status.st_dev, status.st_ino):
                continue
            # It has its name again already.
            os.unlink(private, dir_fd=folder)
        break
    os.fsync(folder)


def numbered_names(name: str) -> Iterator[str]:
    """Yield a name, and then others like it, with a number before the suffix."""
    yield name
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - a name is no path
    yield from (f"{stem} ({number}){suffix}" for number in count(2))


def free_spot(root: str, path: str) -> FileSpot:
    """Return the first place of a path, or of a name like it, in which there is nothing; raise OSError."""
    folder, slash, name = path.rpartition("/")
    for candidate in numbered_names(name):
        spot = FileSpot(root, folder + slash + candidate)
        try:
            with parent_of(spot) as (descriptor, last):
                os.stat(last, dir_fd=descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return spot
    raise AssertionError("there are always more names")


def settle(home: FileSpot, aside: FileSpot, digest: bytes, token: str) -> Place:
    """Bring a move between two places, either way, that was interrupted to an end, and return where the picture is.

    If it is in both places it stays at home. Raise OSError if that cannot be told; call it again then.
    """
    for spot, other in ((home, aside), (aside, home)):
        _settle_private(spot, _digest(other) == digest, digest, token)
    at_home, at_aside = look(home), look(aside)
    if at_home is not None and at_home.digest == digest:
        # The second place's is ours: that it was free is recorded. Empty, it is a name that was to be taken.
        if at_aside is not None and (at_aside.digest == digest or at_aside.size == 0):
            with parent_of(aside) as (folder, name):
                os.unlink(name, dir_fd=folder)
                os.fsync(folder)
        return Place.HOME
    return Place.ASIDE if at_aside is not None and at_aside.digest == digest else Place.NEITHER


def _settle_private(spot: FileSpot, is_elsewhere: bool, digest: bytes, token: str) -> None:
    """Remove or put back what an interrupted move left under names of its own beside a place."""
    with contextlib.suppress(FileNotFoundError), parent_of(spot) as (folder, name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary_name(token), dir_fd=folder)
        private = _private(token)
        if is_elsewhere and look_in(folder, private).digest == digest:
            os.unlink(private, dir_fd=folder)
            os.fsync(folder)
        else:
            _put_back(folder, private, name)


def settle_beside(spot: FileSpot, digest: bytes, token: str) -> None:
    """Bring to an end what was interrupted while a file took the place of another one of the same bytes."""
    temporary, private = temporary_name(token), _private(token)
    with parent_of(spot) as (folder, name):
        with contextlib.suppress(FileNotFoundError):
            if _has(folder, name, digest) and _has(folder, private, digest):
                os.unlink(private, dir_fd=folder)
            else:
                _put_back(folder, private, name)
        with contextlib.suppress(FileNotFoundError):
            if _is_free(folder, name) and _has(folder, temporary, digest):
                publish(folder, temporary, name)
            else:
                os.unlink(temporary, dir_fd=folder)
        os.fsync(folder)


def _has(folder: int, name: str, digest: bytes) -> bool:
    """Return whether there is a file of this name and content."""
    try:
        return look_in(folder, name).digest == digest
    except FileNotFoundError:
        return False


def _is_free(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return True
    return False


def _digest(spot: FileSpot) -> bytes | None:
    seen = look(spot)
    return None if seen is None else seen.digest


def temporary_name(token: str) -> str:
    """Return the name of a copy that is not finished."""
    return f".lookalike-{token}.tmp"


def _private(token: str) -> str:
    """Return the name of a file that is about to be removed."""
    return f".lookalike-{token}.old"
