"""Where a store's files lie, and what may stand in the folder of a store that is about to be created."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import NotAStore, StoreExists, StoreNotFound
from storage.files.durable import TEMPORARY_SUFFIX
from storage.files.file_checks import require_file, require_folder, require_one_name, require_own_journal

CATALOG = "catalog.sqlite"
NEW_CATALOG = CATALOG + TEMPORARY_SUFFIX
WRITER_LOCK = "writer.lock"
INDEX = "index"

#: What an interrupted creation can leave behind.
_LEFTOVERS = {WRITER_LOCK, NEW_CATALOG, f"{NEW_CATALOG}-journal"}


def require_store(folder: Path) -> None:
    """Raise StoreNotFound or NotAStore unless a store's catalog stands in the folder."""
    with _readable(folder):
        _require_store(folder)


def _require_store(folder: Path) -> None:
    if not folder.exists():
        raise StoreNotFound(
            f"expected a store at {folder}, found nothing there: "
            f"make one with `python -m ingest SOURCE --store {folder}`, or name the right folder"
        )
    if not folder.is_dir():
        raise NotAStore(f"expected a store at {folder}, got a file: name the folder that holds the store")
    catalog = folder / CATALOG
    if catalog.is_symlink() or not catalog.is_file():
        raise NotAStore(
            f"expected a store at {folder}, got a folder without a {CATALOG}: "
            "name a folder that `python -m ingest` made, or a new one"
        )


def require_own_files(folder: Path, *, writing: bool) -> None:
    """Raise NotAStore when something lies in a store's folder that would lead SQLite, or a writer, out of it."""
    require_own_journal(folder / CATALOG)
    if writing:
        require_one_name(folder / CATALOG)
        require_file(folder / WRITER_LOCK)
        require_one_name(folder / WRITER_LOCK)
        require_folder(folder / INDEX)


def require_free(folder: Path) -> None:
    """Raise StoreExists or NotAStore unless a new store may be created in the folder."""
    with _readable(folder):
        _require_free(folder)


def _require_free(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise NotAStore(f"expected a new or empty folder for the store, got the file {folder}: name another place")
    found = {path.name for path in folder.iterdir()}
    if CATALOG in found:
        raise StoreExists(f"expected a new or empty folder for the store, got the store {folder}: open it instead")
    if found - _LEFTOVERS:
        raise NotAStore(
            f"expected a new or empty folder for the store, got {folder} with other files in it "
            f"({sorted(found - _LEFTOVERS)[0]!r}): name another place"
        )


def holds_store(folder: Path) -> bool:
    """Tell whether something has the name of a store's catalog in the folder; opening it tells what it is."""
    return os.path.lexists(folder / CATALOG)


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Raise NotAStore when a folder's name is too long, or the folder may not be looked into."""
    try:
        yield
    except OSError as error:
        raise NotAStore(
            f"expected a folder for a store at {folder}, got '{error.strerror}': name a folder that can be read"
        ) from error
