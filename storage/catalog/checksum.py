"""The checksum of a row, and the chain hash of a batch.

A row's checksum covers its vector and every field of a hit, so a vector is never returned with another row's label.
The chain hash of a batch covers the row checksums of all batches up to it, so an index file is never used with another
history than its own.
"""

import hashlib
import struct
from collections.abc import Iterable
from hashlib import blake2b

#: The chain hash of batch 0, the empty store.
CHAIN_START = bytes(32)

_INT64 = struct.Struct("<q")
_HEAD = struct.Struct("<7q")
#: The length that is written for a missing label.
_ABSENT = -1


def row_checksum(
    id: int, batch: int, key: bytes, label: bytes | None, content: bytes, metadata: bytes, vector: bytes
) -> bytes:
    """Return the 16-byte BLAKE2b of a row: its id and batch, the lengths of its fields, then the fields.

    Text is UTF-8. Deletion is not covered, since it comes later: the batches' chain and counts of live rows cover it.
    """
    label_length = _ABSENT if label is None else len(label)
    head = _HEAD.pack(id, batch, len(key), label_length, len(content), len(metadata), len(vector))
    # One call on joined bytes is the fastest; every hit is checked this way.
    return blake2b(b"".join((head, key, label or b"", content, metadata, vector)), digest_size=16).digest()


def thumbnail_checksum(item: int, png: bytes) -> bytes:
    """Return the 16-byte BLAKE2b of an item's id and its thumbnail."""
    return blake2b(_INT64.pack(item) + png, digest_size=16).digest()


def source_checksum(item: int, name: str) -> bytes:
    """Return the 16-byte BLAKE2b of an item's id and the name of its source."""
    return blake2b(_INT64.pack(item) + name.encode("utf-8", "surrogateescape"), digest_size=16).digest()


def next_chain(previous: bytes, added: Iterable[tuple[int, bytes]], deleted: Iterable[int]) -> bytes:
    """Return the chain hash of a batch: the sha256 of the previous one, the rows added and the ids deleted.

    `added` pairs each new id with its row's checksum; both are in id order. A checksum that damage has turned into
    another type counts as empty.
    """
    digest = hashlib.sha256(previous)
    for id, checksum in added:
        digest.update(b"+" + _INT64.pack(id) + (checksum if isinstance(checksum, bytes) else b""))
    for id in deleted:
        digest.update(b"-" + _INT64.pack(id))
    return digest.digest()
