"""Unpack what is compressed to a file of our own, which has no name and is gone when nothing refers to it.

So any part can be read at any time, in whatever order, and no more memory is taken than a block.
"""

import errno
import io
import tempfile
import zipfile
import zlib
from typing import IO, Protocol

from ingest.errors import SourceUnusable
from ingest.sources.files import HeldFile, size_of

_BLOCK = 2**20

#: What unpacks to more than this, and to more than a hundred times its size, is taken for a bomb. MNIST's own files
#: shrink to a fifth.
BOMB_SIZE = 2**30
BOMB_RATIO = 100

#: What reading something compressed raises when it is damaged.
DAMAGE = (EOFError, OSError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Readable(Protocol):
    """What can be read from its beginning on."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


def require_no_bomb(name: str, packed: int, size: int) -> None:
    """Raise SourceUnusable when so few bytes that unpack to so many cannot be images."""
    if size > BOMB_SIZE and size > BOMB_RATIO * packed:
        raise SourceUnusable(
            f"expected images in {name}, got {packed} bytes that unpack to {size}, which looks like a bomb: "
            "if it is none, unpack it yourself"
        )


def unpacked(stream: Readable, size: int, name: str) -> HeldFile:
    """Return the rest of a stream, which must be `size` bytes, as a file; raise SourceUnusable."""
    with tempfile.TemporaryFile() as file:
        left = size
        while left:
            block = read_packed(stream, min(left, _BLOCK), name)
            if not block:
                raise SourceUnusable(
                    f"expected {size} bytes after the header of {name}, got {size - left}: the file is truncated"
                )
            _write(file, block, size)
            left -= len(block)
        if read_packed(stream, 1, name):
            raise SourceUnusable(
                f"expected {size} bytes after the header of {name}, got more: the file is followed by something else"
            )
        return _held(file, size)


def snapshot(original: io.FileIO, name: str) -> HeldFile:
    """Return a copy of a file as it is now, which no one can change; raise SourceUnusable."""
    size = left = size_of(original)
    with tempfile.TemporaryFile() as file:
        while left and (block := read_packed(original, min(left, _BLOCK), name)):
            _write(file, block, size)
            left -= len(block)
        return _held(file, size)


def read_packed(stream: Readable, count: int, name: str) -> bytes:
    """Read some bytes of a compressed stream; raise SourceUnusable when it is damaged."""
    try:
        return stream.read(count)
    except DAMAGE as error:
        raise SourceUnusable(
            f"expected a file that can be unpacked, got {name}: '{error}': it is damaged or truncated"
        ) from error


def _held(file: IO[bytes], size: int) -> HeldFile:
    _write(file, b"", size)
    return HeldFile(io.FileIO(file.fileno(), closefd=False))


def _write(file: IO[bytes], block: bytes, size: int) -> None:
    """Write a block, or with an empty one what is still buffered; raise SourceUnusable when there is no room."""
    try:
        if block:
            file.write(block)
        else:
            file.flush()
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise SourceUnusable(
            f"expected room for {size} bytes in {tempfile.gettempdir()}, got: {error.strerror}: "
            "have TMPDIR name a folder with more"
        ) from error
