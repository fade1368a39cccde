"""The records of a store's history: its batches, and the index files written from them."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.catalog.checksum import CHAIN_START, next_chain
from storage.errors import StoreCorrupt


@dataclass(frozen=True, slots=True)
class Batch:
    """A committed batch: its number, the count of live rows after it, the next free id, and the chain hash up to it."""

    number: int
    live: int
    next_id: int
    chain: bytes

    def next(self, added: Sequence[tuple[int, bytes]], deleted: Sequence[int]) -> "Batch":
        """Return the batch after this one, which adds rows (id and checksum) and deletes ids, both in id order."""
        return Batch(
            self.number + 1,
            self.live + len(added) - len(deleted),
            self.next_id + len(added),
            next_chain(self.chain, added, deleted),
        )

    def require_live(self, count: int) -> None:
        """Raise StoreCorrupt unless there are `count` live rows after this batch."""
        if count != self.live:
            raise StoreCorrupt(
                f"expected {self.live} live items after batch {self.number}, got {count}: rows were lost or changed "
                "after they were written; restore the store from a backup"
            )


#: The empty store, before its first batch.
BATCH_ZERO = Batch(0, live=0, next_id=0, chain=CHAIN_START)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """The size in bytes and the sha256 of a file."""

    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Generation:
    """The record of an index file: the batch and chain hash that it covers, and its items, bytes and sha256.

    `columns` is that of the file with the same items' columns; earlier versions wrote none.
    """

    number: int
    batch: int
    chain: bytes
    items: int
    size: int
    sha256: bytes
    columns: FileRecord | None = None
