"""Checksums that tie an item's fields together, and the chain that ties the batches together.

A row's checksum covers everything an answer is made of, so a vector can never be read with another row's label.
The chain hash of a batch covers the row checksums of all batches up to it, so an index file made for one history
is never used with another.
"""

import hashlib
import struct
from collections.abc import Iterable
from hashlib import blake2b

#: The chain before the first batch.
CHAIN_START = bytes(32)

_INT64 = struct.Struct("<q")
_HEAD = struct.Struct("<7q")
#: The length that stands for a field that is not there.
_ABSENT = -1


def row_checksum(
    id: int, batch: int, key: bytes, label: bytes | None, content: bytes, metadata: bytes, vector: bytes
) -> bytes:
    """Return the 16-byte BLAKE2b of what a row says for ever: its numbers, its fields' lengths, then its fields.

    Text is UTF-8. Whether the row is deleted is not part of it: the batch's chain and count of live rows tell that.
    """
    labelled = _ABSENT if label is None else len(label)
    head = _HEAD.pack(id, batch, len(key), labelled, len(content), len(metadata), len(vector))
    # One call on one string of bytes: every hit of every answer is checked this way.
    return blake2b(b"".join((head, key, label or b"", content, metadata, vector)), digest_size=16).digest()


def thumbnail_checksum(item: int, png: bytes) -> bytes:
    """Return the 16-byte BLAKE2b of a thumbnail and the id of the item that it shows."""
    return blake2b(_INT64.pack(item) + png, digest_size=16).digest()


def next_chain(previous: bytes, added: Iterable[tuple[int, bytes]], deleted: Iterable[int]) -> bytes:
    """Return the chain hash of a batch: the previous one, the rows it added and the ids it deleted, in id order.

    `added` pairs each new id with its row's checksum.
    """
    digest = hashlib.sha256(previous)
    for id, checksum in added:
        digest.update(b"+" + _INT64.pack(id) + checksum)
    for id in deleted:
        digest.update(b"-" + _INT64.pack(id))
    return digest.digest()
