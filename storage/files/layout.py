"""The names of a store's files, and checks of its folder before it is opened or created."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import NotAStore, StoreExists, StoreNotFound
from storage.files import durable
from storage.files.durable import TEMPORARY_SUFFIX
from storage.files.file_checks import require_file, require_folder, require_safe_journal, require_single_link

CATALOG = "catalog.sqlite"
NEW_CATALOG = CATALOG + TEMPORARY_SUFFIX
WRITER_LOCK = "writer.lock"
INDEX = "index"

#: The folder inside of a store's for renewed vectors, a store of its own until they take the place of the old ones.
RENEWAL = "renewal"

#: The folder inside of a store's for what people decided, and for journals of what was done by it.
CURATION = "curation"

#: Files that an interrupted creation can leave behind.
_LEFTOVERS = {WRITER_LOCK, NEW_CATALOG, f"{NEW_CATALOG}-journal"}


def require_store(folder: Path) -> None:
    """Raise StoreNotFound or NotAStore unless the folder has a catalog file."""
    with _readable(folder):
        if not folder.exists():
            raise StoreNotFound(
                f"expected a store at {folder}, found nothing there: "
                f"make one with `lookalike ingest SOURCE --store {shlex.quote(str(folder))}`, or name the right folder"
            )
        if not folder.is_dir():
            raise NotAStore(f"expected a store at {folder}, got a file: name the folder that holds the store")
        catalog = folder / CATALOG
        if catalog.is_symlink() or not catalog.is_file():
            raise NotAStore(
                f"expected a store at {folder}, got a folder without a {CATALOG}: "
                "name a folder that `lookalike ingest` made, or a new one"
            )


def require_safe_files(folder: Path, *, writing: bool) -> None:
    """Raise NotAStore if a file in a store's folder would make SQLite or a writer use files outside of it."""
    require_safe_journal(folder / CATALOG)
    if writing:
        require_single_link(folder / CATALOG)
        require_file(folder / WRITER_LOCK)
        require_single_link(folder / WRITER_LOCK)
        require_folder(folder / INDEX)
        require_folder(folder / RENEWAL)
        require_folder(folder / CURATION)


def require_free(folder: Path) -> None:
    """Raise StoreExists or NotAStore unless a new store may be created in the folder."""
    with _readable(folder):
        if not folder.exists():
            return
        if not folder.is_dir():
            raise NotAStore(f"expected a new or empty folder for the store, got the file {folder}: name another folder")
        names = {path.name for path in folder.iterdir()}
        if CATALOG in names:
            raise StoreExists(f"expected a new or empty folder for the store, got the store {folder}: open it instead")
        if others := names - _LEFTOVERS:
            raise NotAStore(
                f"expected a new or empty folder for the store, got {folder} with other files in it "
                f"({min(others)!r}): name another folder"
            )


def require_removable(folder: Path) -> None:
    """Raise NotAStore if the folder of a store, or that of its index files, is something else, such as a link."""
    require_folder(folder)
    require_folder(folder / INDEX)


def remove_store(folder: Path) -> None:
    """Remove a store's files and its folder, once its index files are gone.

    Raise NotAStore when other files are in the folder; they stay.
    """
    journals = [f"{name}-journal" for name in (CATALOG, NEW_CATALOG)]
    for name in (CATALOG, NEW_CATALOG, *journals, WRITER_LOCK):
        durable.remove(folder / name)
    if not folder.exists():
        return
    if others := [path.name for path in folder.iterdir()]:
        raise NotAStore(
            f"expected nothing but a store in {folder}, got {min(others)!r}: move it elsewhere, and run the same "
            "command again"
        )
    with durable.write_errors(folder):
        folder.rmdir()
        durable.sync_folder(folder.parent)


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Raise NotAStore if the folder's name is too long or the folder may not be read."""
    try:
        yield
    except OSError as error:
        raise NotAStore(
            f"expected a folder for a store at {folder}, got '{error.strerror}': name a folder that can be read"
        ) from error
