"""Decompress files into unnamed temporary files, which can be read at any offset without holding them in memory."""

import errno
import io
import tempfile
import zipfile
import zlib
from typing import IO, Protocol

from ingest.errors import SourceUnusable
from ingest.sources.files import size_of
from ingest.sources.random_access_file import RandomAccessFile

_BLOCK = 2**20

#: What unpacks to more than this size and ratio is refused as a decompression bomb. MNIST's files have a ratio of five.
BOMB_SIZE = 2**30
BOMB_RATIO = 100

#: The errors of reading damaged gzip and zip files.
DAMAGE = (EOFError, OSError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


def require_no_bomb(name: str, packed_size: int, size: int) -> None:
    """Raise SourceUnusable when a file unpacks to too many bytes for its size to be images."""
    if size > BOMB_SIZE and size > BOMB_RATIO * packed_size:
        raise SourceUnusable(
            f"expected images in {name}, got {packed_size} bytes that unpack to {size}, which looks like a "
            "decompression bomb: if it is none, unpack it yourself"
        )


def unpack(stream: Readable, size: int, name: str) -> RandomAccessFile:
    """Return the rest of a stream, which must be `size` bytes, as a file; raise SourceUnusable."""
    with tempfile.TemporaryFile() as file:
        remaining = size
        while remaining:
            block = read_packed(stream, min(remaining, _BLOCK), name)
            if not block:
                raise SourceUnusable(
                    f"expected {size} bytes after the header of {name}, got {size - remaining}: the file is truncated"
                )
            _write(file, block, size)
            remaining -= len(block)
        if read_packed(stream, 1, name):
            raise SourceUnusable(
                f"expected {size} bytes after the header of {name}, got more: the file is followed by something else"
            )
        return _flushed(file, size)


def private_copy(original: io.FileIO, name: str) -> RandomAccessFile:
    """Return a copy of a file as it is now, which nobody else can change; raise SourceUnusable."""
    size = remaining = size_of(original)
    with tempfile.TemporaryFile() as file:
        while remaining and (block := read_packed(original, min(remaining, _BLOCK), name)):
            _write(file, block, size)
            remaining -= len(block)
        return _flushed(file, size)


def read_packed(stream: Readable, count: int, name: str) -> bytes:
    """Read at most `count` bytes of a compressed stream; raise SourceUnusable when it is damaged."""
    try:
        return stream.read(count)
    except DAMAGE as error:
        raise SourceUnusable(
            f"expected a file that can be unpacked, got {name}: '{error}': it is damaged or truncated"
        ) from error


def _flushed(file: IO[bytes], size: int) -> RandomAccessFile:
    _write(file, b"", size)
    return RandomAccessFile(io.FileIO(file.fileno(), closefd=False))


def _write(file: IO[bytes], block: bytes, size: int) -> None:
    """Write a block, or with an empty one flush the file; raise SourceUnusable when the disk is full."""
    try:
        if block:
            file.write(block)
        else:
            file.flush()
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        raise SourceUnusable(
            f"expected room for {size} bytes in {tempfile.gettempdir()}, got: {error.strerror}: "
            "set TMPDIR to a folder with more"
        ) from error
