"""Open regular files without waiting for pipes, and look at paths that may not be valid."""

import io
import os.path
import stat
from pathlib import Path

from ingest.errors import SourceUnusable
from storage.console import printable

#: Without O_NONBLOCK, opening a named pipe waits for a writer.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


def open_file(path: str | Path, *, follow: bool = True) -> io.FileIO:
    """Open a regular file, unbuffered; raise OSError for any other, and for a symbolic link without `follow`."""
    descriptor = os.open(path, _FLAGS if follow else _FLAGS | os.O_NOFOLLOW)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not an ordinary file")
        return io.FileIO(descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def open_named(path: Path, what: str) -> io.FileIO:
    """Open the file that a source was named by; raise SourceUnusable, which says `what` was expected."""
    try:
        return open_file(path)
    except (OSError, ValueError) as error:
        raise SourceUnusable(
            f"expected {what}, got {printable(str(path))}: {reason_of(error)}: name one that exists and can be read"
        ) from error


def reason_of(error: OSError | ValueError) -> str:
    """Return why a file cannot be opened; a path with a NUL character is a ValueError."""
    return getattr(error, "strerror", None) or str(error)


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder; False for one that is not valid or cannot be examined."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir may raise


def exists(path: Path) -> bool:
    """Return whether a path exists; False for one that is not valid or cannot be examined."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists may raise


def size_of(file: io.FileIO) -> int:
    """Return the size of an open file in bytes."""
    return os.fstat(file.fileno()).st_size
