"""Read files that others may change meanwhile: whole or not at all, never waiting, never led out of their folder."""

import io
import os
import stat
import weakref
from pathlib import Path

from ingest.errors import SourceUnusable, UnreadableImage
from ingest.images.images import FILE_LIMIT
from storage.console import printable

#: A named pipe would be waited for without O_NONBLOCK.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC

_NOT_A_FILE = "not an ordinary file"


def open_file(path: str | Path, *, follow: bool = True) -> io.FileIO:
    """Open an ordinary file, unbuffered; raise OSError for any other, and without `follow` for a link too."""
    descriptor = os.open(path, _FLAGS if follow else _FLAGS | os.O_NOFOLLOW)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, _NOT_A_FILE)
        return io.FileIO(descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def open_named(path: Path, what: str) -> io.FileIO:
    """Open the file that a source was named by; raise SourceUnusable, which says `what` was expected."""
    try:
        return open_file(path)
    except (OSError, ValueError) as error:
        # A name with a NUL character is a ValueError.
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceUnusable(
            f"expected {what}, got {printable(str(path))}: {reason}: name one that exists and can be read"
        ) from error


def is_folder(path: Path) -> bool:
    """Tell whether there is a folder that can be looked into, whatever the name."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Tell whether there is anything of a name, as far as can be seen."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def size_of(file: io.FileIO) -> int:
    """Return how many bytes an open file has."""
    return os.fstat(file.fileno()).st_size


class Tree:
    """A folder whose files are read by their paths below it; a path or link that leads out of it is refused."""

    def __init__(self, root: str | Path) -> None:
        self.root = str(root)
        self._real = os.path.realpath(root)
        self._inside = self._real.rstrip("/") + "/"

    def shown(self, path: str) -> str:
        """Return a path below the folder as messages show it."""
        return printable(str(Path(self.root, path)))

    def place(self, path: str, *, linked: bool = True) -> str:
        """Return where a path leads; raise OSError when that is outside the folder.

        Without `linked` it is taken to have no link in it, and opening it will show whether it ends in one.
        """
        place = f"{self._real}/{path}"
        if not linked:
            return place
        real = os.path.realpath(place)
        if real != self._real and not real.startswith(self._inside):
            raise OSError(0, f"it leads to {printable(real)}, out of the folder; copy the image into it")
        return real

    def head(self, path: str, count: int, *, linked: bool = True) -> bytes:
        """Return the first bytes of a file; raise OSError."""
        with open_file(self.place(path, linked=linked), follow=False) as file:
            return file.read(count)

    def read(self, path: str, *, linked: bool = True) -> bytes:
        """Return a file's bytes, as many as it had when it was opened; raise UnreadableImage."""
        try:
            with open_file(self.place(path, linked=linked), follow=False) as file:
                size = size_of(file)
                data = file.read(size + 1) if size <= FILE_LIMIT else b""
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreadableImage(f"expected a readable image file, got {self.shown(path)}: {reason}") from error
        if size > FILE_LIMIT:
            raise UnreadableImage(
                f"expected an image file of at most {FILE_LIMIT} bytes, got {self.shown(path)}: {size} bytes"
            )
        if len(data) != size:
            raise UnreadableImage(
                f"expected {self.shown(path)} to stay as it was, but it changed while it was read: try again"
            )
        return data


class HeldFile:
    """An open file, read at any place by any thread, and closed when nothing refers to it any more."""

    def __init__(self, file: io.FileIO) -> None:
        self._descriptor = os.dup(file.fileno())
        self.size = os.fstat(self._descriptor).st_size
        weakref.finalize(self, os.close, self._descriptor)

    def read_at(self, start: int, count: int) -> bytes:
        """Return the bytes from a place on; fewer at the file's end. Raise OSError."""
        parts = []
        while count > 0 and (part := os.pread(self._descriptor, count, start)):
            parts.append(part)
            start += len(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def reader(self) -> io.BufferedReader:
        """Return a reader from the file's beginning, with a position of its own."""
        return io.BufferedReader(_Reader(self))


class _Reader(io.RawIOBase):
    def __init__(self, file: HeldFile) -> None:
        self._file = file
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._file.size}[whence]
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read_at(self._place, len(buffer))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
