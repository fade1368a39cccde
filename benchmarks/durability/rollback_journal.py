"""Build the rollback journals of SQLite: https://sqlite.org/fileformat2.html#the_rollback_journal."""

import struct
from collections.abc import Mapping

#: A journal that begins so is rolled back before the next read.
MAGIC = bytes.fromhex("d9d505f920a163d7")

_SECTOR = 512
_NONCE = 20_220_301


def page_size(catalog: bytes) -> int:
    """Return a database's page size, below 65,536."""
    size: int = struct.unpack_from(">H", catalog, 16)[0]
    return size


def changed_pages(before: bytes, after: bytes) -> dict[int, bytes]:
    """Return what a transaction's journal holds: the old contents of the pages that it changed, by page number."""
    size = page_size(before)
    return {
        start // size + 1: before[start : start + size]
        for start in range(0, len(before), size)
        if before[start : start + size] != after[start : start + size]
    }


def journal(pages: Mapping[int, bytes], size_before: int) -> bytes:
    """Return the journal of an interrupted transaction; the database had `size_before` pages before it."""
    length = len(next(iter(pages.values())))
    header = MAGIC + struct.pack(">5I", len(pages), _NONCE, size_before, _SECTOR, length)
    records = [struct.pack(">I", number) + page + _checksum(page) for number, page in pages.items()]
    return b"".join([header.ljust(_SECTOR, b"\0"), *records])


def with_super_journal(journal: bytes, name: str) -> bytes:
    """Return a journal extended by the name of a super-journal, as for a transaction over several files.

    SQLite deletes the file of that name after the rollback, when no journal that it lists refers to it.
    """
    encoded = name.encode()
    total = sum(encoded) % 2**32
    return journal + struct.pack(">I", 0) + encoded + struct.pack(">2I", len(encoded), total) + MAGIC


def _checksum(page: bytes) -> bytes:
    return struct.pack(">I", (_NONCE + sum(page[len(page) - 200 : 0 : -200])) % 2**32)
