"""Places of items that were computed before, kept in the store's folder: t-SNE takes minutes.

A file is named after the chain hash of the newest batch, so that those of earlier batches can be removed, and after
what its places were computed from. It is used only if its size and its sha256, which it begins with, are right.
"""

import hashlib
import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.errors import StoreUnwritable
from storage.files import durable
from storage.files.file_checks import require_folder

Coordinates = NDArray[np.uint16]

FOLDER = "maps"

_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}\.map")
_DIGEST_SIZE = 32


def read(store: Path, chain: bytes, digest: bytes, count: int) -> Coordinates | None:
    """Return the coordinates, (count, 2) uint16, that were written for this digest; None if there are none intact."""
    try:
        descriptor = os.open(_path(store, chain, digest), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size != _DIGEST_SIZE + 4 * count:
            return None
        data = file.read()
    if hashlib.sha256(data[_DIGEST_SIZE:]).digest() != data[:_DIGEST_SIZE]:
        return None
    return np.frombuffer(data, "<u2", offset=_DIGEST_SIZE).reshape(count, 2).astype(np.uint16)


def write(store: Path, chain: bytes, digest: bytes, coordinates: Coordinates) -> None:
    """Write coordinates, (n, 2) uint16, and remove those of other batches; do nothing where nothing can be written."""
    data = coordinates.astype("<u2").tobytes()
    path = _path(store, chain, digest)
    require_folder(path.parent)
    with suppress(StoreUnwritable):
        durable.make_folder(path.parent)
        temporary = path.with_name(f".{secrets.token_hex(8)}{durable.TEMPORARY_SUFFIX}")
        durable.replace_file_with(path, lambda file: file.write(hashlib.sha256(data).digest() + data), temporary)
        for other in path.parent.iterdir():
            if _NAME.fullmatch(other.name) and other.name[:16] != path.name[:16]:
                durable.remove(other)


def _path(store: Path, chain: bytes, digest: bytes) -> Path:
    return store / FOLDER / f"{chain.hex()[:16]}-{digest.hex()[:16]}.map"
