"""An open file that several threads read at different offsets."""

import io
import os
import weakref
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class RandomAccessFile:
    """A file read at any offset by any thread; its descriptor is closed when the object is freed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._descriptor = os.dup(file.fileno())
        self.size = os.fstat(self._descriptor).st_size
        weakref.finalize(self, os.close, self._descriptor)

    def read_at(self, offset: int, count: int) -> bytes:
        """Return the `count` bytes from an offset; fewer at the end of the file. Raise OSError."""
        parts = []
        while count > 0 and (part := os.pread(self._descriptor, count, offset)):
            parts.append(part)
            offset += len(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def reader(self) -> io.BufferedReader:
        """Return a new reader with an offset of its own, from the start of the file."""
        return io.BufferedReader(_RawReader(self))


class _RawReader(io.RawIOBase):
    def __init__(self, file: RandomAccessFile) -> None:
        self._file = file
        self._offset = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._offset = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._offset, os.SEEK_END: self._file.size}[whence]
        return self._offset

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._file.read_at(self._offset, len(view))
        view[: len(data)] = data
        self._offset += len(data)
        return len(data)
