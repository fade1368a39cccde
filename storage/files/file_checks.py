"""What lies in a store's folder is looked at before it is used: SQLite and the system follow whatever they find.

A named pipe would be waited for, a link followed out of the store, a write-ahead log taken in, and a journal that
says it is part of a transaction over several files has SQLite delete a file of any name:
https://sqlite.org/fileformat2.html#the_rollback_journal.
"""

import os
import stat
from pathlib import Path

from storage.errors import NotAStore

#: The last bytes of a rollback journal that names a list of journals.
_NAMES_A_LIST = bytes.fromhex("d9d505f920a163d7")

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFREG: "a file",
}

_ADVICE = "something other than Lookalike put it there; remove it, or restore the store from a backup"


def require_file(path: Path) -> None:
    """Raise NotAStore when there is something of this name that is not an ordinary file."""
    _require(path, stat.S_IFREG, "an ordinary file")


def require_folder(path: Path) -> None:
    """Raise NotAStore when there is something of this name that is not a folder."""
    _require(path, stat.S_IFDIR, "a folder")


def require_one_name(path: Path) -> None:
    """Raise NotAStore when a file has further names: what is written to it would change under all of them."""
    if os.path.lexists(path) and path.lstat().st_nlink > 1:
        raise NotAStore(
            f"expected {path} to be a file of its own, got one with another name elsewhere (a hard link): copy the "
            "store's folder, and use the copy"
        )


def require_own_journal(catalog: Path) -> None:
    """Raise NotAStore when beside a catalog there is what SQLite would follow elsewhere, or take in as changes."""
    journal, log = (catalog.with_name(catalog.name + suffix) for suffix in ("-journal", "-wal"))
    for path in (journal, log, catalog.with_name(f"{catalog.name}-shm")):
        require_file(path)
    if _end_of(log, 1):
        raise NotAStore(
            f"expected a catalog without a write-ahead log, got {log}: open and close {catalog} with the program that "
            "made the log, or restore the store from a backup"
        )
    if _end_of(journal, len(_NAMES_A_LIST)) == _NAMES_A_LIST:
        raise NotAStore(f"expected {journal} to be of the catalog alone, got one that names other files: {_ADVICE}")


def _require(path: Path, kind: int, expected: str) -> None:
    try:
        found = stat.S_IFMT(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if found != kind:
        raise NotAStore(f"expected {path} to be {expected}, got {_KINDS.get(found, 'a device')}: {_ADVICE}")


def _end_of(path: Path, count: int) -> bytes:
    """Return a file's last bytes; none when it cannot be opened, as a writer's journal may be gone the next moment."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.pread(descriptor, count, max(os.fstat(descriptor).st_size - count, 0))
    finally:
        os.close(descriptor)
