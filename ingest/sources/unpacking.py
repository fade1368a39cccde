"""Decompress files into unnamed temporary files, which can be read at any offset without holding them in memory."""

import errno
import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from ingest.errors import SourceUnusable
from ingest.sources.files import size_of
from ingest.sources.random_access_file import RandomAccessFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK = 2**20

#: What unpacks to more than this size and ratio is refused as a decompression bomb. MNIST's files have a ratio of five.
BOMB_SIZE = 2**30
BOMB_RATIO = 100

#: The errors of reading damaged gzip and zip files.
DAMAGE = (EOFError, OSError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

#: A stream of bytes, compressed or not.
Stream = IO[bytes] | io.BufferedIOBase


class BoundedStream(io.RawIOBase):
    """A stream that raises SourceUnusable once more than `limit` bytes were read, as of a decompression bomb."""

    def __init__(self, stream: io.BufferedIOBase, limit: int, name: str) -> None:
        self._stream, self._left, self._name = stream, limit, name

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read into a buffer, and return the number of bytes."""
        count = self._stream.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise SourceUnusable(
                f"expected images in {self._name}, got a file that unpacks to far more than they are: name another"
            )
        return count


def require_no_bomb(name: str, packed_size: int, size: int) -> None:
    """Raise SourceUnusable when a file unpacks to too many bytes for its size to be images."""
    if size > BOMB_SIZE and size > BOMB_RATIO * packed_size:
        raise SourceUnusable(
            f"expected images in {name}, got {packed_size} bytes that unpack to {size}, which looks like a "
            "decompression bomb: if it is none, unpack it yourself"
        )


def unpack(stream: Stream, size: int, name: str) -> RandomAccessFile:
    """Return what remains of a stream, which must be `size` bytes, as a file; raise SourceUnusable."""
    with _temporary_file(size) as file:
        copied = _copy(stream, file, size, name)
        if copied < size:
            raise SourceUnusable(
                f"expected {size} bytes after the header of {name}, got {copied}: the file is truncated"
            )
        if read_packed(stream, 1, name):
            raise SourceUnusable(
                f"expected {size} bytes after the header of {name}, got more: the file is followed by something else"
            )
        return RandomAccessFile(file)


def private_copy(original: io.FileIO, name: str) -> RandomAccessFile:
    """Return a copy of a file as it is now, which nobody else can change; raise SourceUnusable."""
    size = size_of(original)
    with _temporary_file(size) as file:
        _copy(original, file, size, name)
        return RandomAccessFile(file)


def read_packed(stream: Stream, count: int, name: str) -> bytes:
    """Read at most `count` bytes of a compressed stream; raise SourceUnusable when it is damaged."""
    try:
        return stream.read(count)
    except DAMAGE as error:
        raise SourceUnusable(
            f"expected a file that can be unpacked, got {name}: '{error}': it is damaged or truncated"
        ) from error


def _copy(stream: Stream, file: IO[bytes], size: int, name: str) -> int:
    """Copy at most `size` bytes of a stream to a file; return how many there were."""
    copied = 0
    while copied < size and (block := read_packed(stream, min(size - copied, _BLOCK), name)):
        file.write(block)
        copied += len(block)
    file.flush()
    return copied


@contextmanager
def _temporary_file(size: int) -> Iterator[IO[bytes]]:
    """Open an unnamed temporary file; raise SourceUnusable when the disk has no room for `size` bytes."""
    try:
        with tempfile.TemporaryFile() as file:
            yield file
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        raise SourceUnusable(
            f"expected room for {size} bytes in {tempfile.gettempdir()}, got: {error.strerror}: "
            "set TMPDIR to a folder with more"
        ) from error
