"""Generation files: immutable copies of the vectors, derived from the rows and checked byte by byte when read."""

import hashlib
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from storage.catalog.batch import Batch, Generation
from storage.files import durable, layout
from storage.nearest.faiss_flat import HEADER_SIZE, FaissFlat

#: The newest generation under a name that other tools can rely on.
PUBLISHED_NAME = "index.faiss"

_VECTOR_ITEM_SIZE = 4

#: The names that `file_name` gives.
_FILE_NAME = re.compile(r"g-\d{6,}-[0-9a-f]{16}\.faiss")


def file_name(number: int, sha256: bytes) -> str:
    """Return the name of a generation's file."""
    return f"g-{number:06d}-{sha256.hex()[:16]}.faiss"


def path_of(generation: Generation, store: Path) -> Path:
    """Return where a recorded generation's file lies."""
    return store / layout.INDEX / file_name(generation.number, generation.sha256)


def write(index: FaissFlat, number: int, batch: Batch, store: Path) -> Generation:
    """Write an index as a durable new file and return the record that may now be committed.

    `number` is the least that it may get.
    """
    folder = store / layout.INDEX
    durable.make_folder(folder)
    # No file can take the place of a folder, which may have the name that a forgotten record gave out.
    while any(path.is_dir() for path in folder.glob(f"g-{number:06d}-*")):
        number += 1
    _, size, sha256 = durable.write_file(
        folder, lambda file: index.write(file.write), lambda digest: file_name(number, digest)
    )
    return Generation(number, batch.number, batch.chain, len(index), size, sha256)


def read(generation: Generation, store: Path, dim: int) -> FaissFlat | None:
    """Read a generation's file, or return None when it is not, byte for byte, what the record says."""
    try:
        descriptor = os.open(path_of(generation, store), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    status = os.fstat(descriptor)
    expected_size = HEADER_SIZE + generation.items * dim * _VECTOR_ITEM_SIZE
    if not stat.S_ISREG(status.st_mode) or not status.st_size == generation.size == expected_size:
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        digest = hashlib.sha256()
        try:
            index = FaissFlat.read(file, dim, generation.items, digest.update)
        except OSError:
            return None
        return index if digest.digest() == generation.sha256 else None


def publish(generation: Generation, store: Path) -> None:
    """Give the generation the fixed name as well."""
    durable.publish_name(path_of(generation, store), store / PUBLISHED_NAME)


def remove_all_but(kept: Iterable[Generation], store: Path) -> None:
    """Remove the files of older generations and what an interrupted write left; nothing else in the folder."""
    names = {path_of(generation, store).name for generation in kept}
    for path in (store / layout.INDEX).iterdir():
        ours = _FILE_NAME.fullmatch(path.name) or path.suffix == durable.TEMPORARY_SUFFIX
        if ours and path.name not in names and (path.is_symlink() or not path.is_dir()):
            durable.remove(path)
