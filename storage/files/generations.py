"""Generation files: immutable index files derived from the rows, verified by their sha256 when read."""

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from storage.catalog.batch import Batch, Generation
from storage.files import durable, layout
from storage.nearest.faiss_flat import HEADER_SIZE, FaissFlat

#: The fixed name of the newest generation, for other tools.
PUBLISHED_NAME = "index.faiss"

_VECTOR_ITEM_SIZE = 4

#: Matches what `file_name` returns.
_FILE_NAME = re.compile(r"g-\d{6,}-[0-9a-f]{16}\.faiss")


def file_name(number: int, sha256: bytes) -> str:
    """Return the name of a generation's file."""
    return f"g-{number:06d}-{sha256.hex()[:16]}.faiss"


def path_of(generation: Generation, store: Path) -> Path:
    """Return the path of a recorded generation's file."""
    return store / layout.INDEX / file_name(generation.number, generation.sha256)


def write(index: FaissFlat, number: int, batch: Batch, store: Path) -> Generation:
    """Write an index durably to a new file and return its record, to be committed to the catalog next.

    The generation gets this number, or the next one that is free.
    """
    folder = store / layout.INDEX
    durable.make_folder(folder)
    # A file cannot replace a folder, and one may have the name of a generation whose record is gone.
    while any(path.is_dir() for path in folder.glob(f"g-{number:06d}-*")):
        number += 1
    file = durable.write_file(folder, lambda out: index.write(out.write), lambda digest: file_name(number, digest))
    return Generation(number, batch.number, batch.chain, len(index), file.size, file.sha256)


def read(generation: Generation, store: Path, dim: int) -> FaissFlat | None:
    """Read a generation's file; return None unless it has the size and sha256 of its record."""
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


def is_index_file(path: Path, store: Path) -> bool:
    """Return whether a path is that of a generation, or of the newest one's fixed name, links followed."""
    real = path.resolve()
    return real.parent == (store / layout.INDEX).resolve() or real == (store / PUBLISHED_NAME).resolve()


def link_fixed_name(generation: Generation, store: Path) -> None:
    """Link the generation under the fixed name."""
    durable.link(path_of(generation, store), store / PUBLISHED_NAME)


def remove_all(store: Path) -> None:
    """Remove every index file of a store, and their folder if nothing else is in it."""
    folder = store / layout.INDEX
    for name in (PUBLISHED_NAME, PUBLISHED_NAME + durable.TEMPORARY_SUFFIX):
        durable.remove(store / name)
    if folder.exists():
        remove_all_but((), store)
        with contextlib.suppress(OSError):
            folder.rmdir()


def remove_all_but(current: Iterable[Generation], store: Path) -> None:
    """Remove the files of all other generations and of interrupted writes; nothing else in the folder."""
    names = {path_of(generation, store).name for generation in current}
    for path in (store / layout.INDEX).iterdir():
        ours = _FILE_NAME.fullmatch(path.name) or path.suffix == durable.TEMPORARY_SUFFIX
        if ours and path.name not in names and (path.is_symlink() or not path.is_dir()):
            durable.remove(path)
