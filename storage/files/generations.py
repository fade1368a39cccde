"""Generations: the vectors and the columns of the rows after a batch, in a file each, derived from the rows.

The files are immutable, and are verified by their sha256 when they are read.
"""

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO

from storage.catalog.batch import Batch, FileRecord, Generation
from storage.columns.arrow_file import read_columns, write_columns
from storage.columns.columns import Columns
from storage.files import durable, layout
from storage.nearest.faiss_flat import HEADER_SIZE, FaissFlat

#: The fixed name of the newest generation, for other tools.
PUBLISHED_NAME = "index.faiss"

_VECTOR_ITEM_SIZE = 4

#: Matches what `file_name` returns.
_FILE_NAME = re.compile(r"g-\d{6,}-[0-9a-f]{16}\.(faiss|arrow)")


def file_name(number: int, sha256: bytes, suffix: str = "faiss") -> str:
    """Return the name of a generation's file: "faiss" for its vectors, "arrow" for its columns."""
    return f"g-{number:06d}-{sha256.hex()[:16]}.{suffix}"


def path_of(generation: Generation, store: Path) -> Path:
    """Return the path of a recorded generation's index file."""
    return store / layout.INDEX / file_name(generation.number, generation.sha256)


def columns_path_of(generation: Generation, store: Path) -> Path | None:
    """Return the path of a recorded generation's columns; None when it has none."""
    columns = generation.columns
    return None if columns is None else store / layout.INDEX / file_name(generation.number, columns.sha256, "arrow")


def paths_of(generation: Generation, store: Path) -> list[Path]:
    """Return the paths of a recorded generation's files."""
    columns = columns_path_of(generation, store)
    return [path_of(generation, store), *([] if columns is None else [columns])]


def write(index: FaissFlat, columns: Columns, number: int, batch: Batch, store: Path) -> Generation:
    """Write vectors and columns durably to new files and return their record, to be committed to the catalog next.

    The generation gets this number, or the next one that is free.
    """
    folder = store / layout.INDEX
    durable.make_folder(folder)
    # A file cannot replace a folder, and one may have the name of a generation whose record is gone.
    while any(path.is_dir() for path in folder.glob(f"g-{number:06d}-*")):
        number += 1
    file = durable.write_file(folder, lambda out: index.write(out.write), partial(file_name, number))
    arrow = durable.write_file(
        folder, lambda out: write_columns(columns, out.write), partial(file_name, number, suffix="arrow")
    )
    record = FileRecord(arrow.size, arrow.sha256)
    return Generation(number, batch.number, batch.chain, len(index), file.size, file.sha256, record)


def read(generation: Generation, store: Path, dim: int) -> tuple[FaissFlat, Columns] | None:
    """Read a generation's vectors and columns; return None unless both files are those of its record."""
    if generation.columns is None:
        return None
    with ThreadPoolExecutor(1, "columns") as pool:
        reading = pool.submit(read_generation_columns, generation, store)
        index, columns = read_index(generation, store, dim), reading.result()
    return None if index is None or columns is None else (index, columns)


def read_index(generation: Generation, store: Path, dim: int) -> FaissFlat | None:
    """Read a generation's index file; return None unless it has the size and sha256 of its record."""
    if generation.size != HEADER_SIZE + generation.items * dim * _VECTOR_ITEM_SIZE:
        return None
    with _opened(path_of(generation, store), generation.size) as file:
        if file is None:
            return None
        digest = hashlib.sha256()
        try:
            index = FaissFlat.read(file, dim, generation.items, digest.update)
        except OSError:
            return None
        return index if digest.digest() == generation.sha256 else None


def read_generation_columns(generation: Generation, store: Path) -> Columns | None:
    """Read a generation's columns; return None unless they have the size and sha256 of its record."""
    path, record = columns_path_of(generation, store), generation.columns
    if path is None or record is None:
        return None
    with _opened(path, record.size) as file:
        try:
            return None if file is None else read_columns(file, record.size, record.sha256, generation.items)
        except OSError:
            return None


@contextlib.contextmanager
def _opened(path: Path, size: int) -> Iterator[BinaryIO | None]:
    """Open a file for reading, unbuffered; yield None unless it is an ordinary one of this size."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size != size:
        os.close(descriptor)
        yield None
        return
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        yield file


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
    names = {path.name for generation in current for path in paths_of(generation, store)}
    for path in (store / layout.INDEX).iterdir():
        ours = _FILE_NAME.fullmatch(path.name) or path.suffix == durable.TEMPORARY_SUFFIX
        if ours and path.name not in names and (path.is_symlink() or not path.is_dir()):
            durable.remove(path)
