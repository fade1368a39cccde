"""Check the files in a store's folder before SQLite opens them, since SQLite trusts whatever it finds there.

Opening a named pipe would block, a link would lead out of the store, a write-ahead log would be replayed, and a journal
that names a super-journal makes SQLite delete a file of any name:
https://sqlite.org/fileformat2.html#the_rollback_journal.
"""

import os
import stat
from pathlib import Path

from storage.errors import NotAStore

#: The last bytes of a rollback journal that names a super-journal.
_SUPER_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFREG: "a file",
}

_ADVICE = "something other than Lookalike put it there; remove it, or restore the store from a backup"


def require_file(path: Path) -> None:
    """Raise NotAStore if the path exists and is not a regular file."""
    _require(path, stat.S_IFREG, "an ordinary file")


def require_folder(path: Path) -> None:
    """Raise NotAStore if the path exists and is not a folder."""
    _require(path, stat.S_IFDIR, "a folder")


def require_single_link(path: Path) -> None:
    """Raise NotAStore if a file has several hard links: writing to it would change it under all its names."""
    if os.path.lexists(path) and path.lstat().st_nlink > 1:
        raise NotAStore(
            f"expected {path} to be a file of its own, got one with another name elsewhere (a hard link): copy the "
            "store's folder, and use the copy"
        )


def require_safe_journal(catalog: Path) -> None:
    """Raise NotAStore if there is a log or journal beside the catalog that SQLite would trust but did not write."""
    journal, log = (catalog.with_name(catalog.name + suffix) for suffix in ("-journal", "-wal"))
    for path in (journal, log, catalog.with_name(f"{catalog.name}-shm")):
        require_file(path)
    if _last_bytes(log, 1):
        raise NotAStore(
            f"expected a catalog without a write-ahead log, got {log}: open and close {catalog} with the program that "
            "made the log, or restore the store from a backup"
        )
    if _last_bytes(journal, len(_SUPER_JOURNAL_MAGIC)) == _SUPER_JOURNAL_MAGIC:
        raise NotAStore(f"expected {journal} to be of the catalog alone, got one that names other files: {_ADVICE}")


def _require(path: Path, kind: int, expected: str) -> None:
    try:
        actual = stat.S_IFMT(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if actual != kind:
        raise NotAStore(f"expected {path} to be {expected}, got {_KINDS.get(actual, 'a device')}: {_ADVICE}")


def _last_bytes(path: Path, count: int) -> bytes:
    """Return a file's last `count` bytes; none if it cannot be opened: a writer may have just removed its journal."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.pread(descriptor, count, max(os.fstat(descriptor).st_size - count, 0))
    finally:
        os.close(descriptor)
