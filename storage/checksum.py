"""Checksums that tie an item's fields together, and the chain that ties the batches together.

A row's checksum covers everything an answer is made of, so a vector can never be read with another row's label.
The chain hash of a batch covers the row checksums of all batches up to it, so an index file made for one history
is never used with another.
"""

import hashlib
import struct
from collections.abc import Iterable

#: The chain before the first batch.
CHAIN_START = bytes(32)

_INT64 = struct.Struct("<q")
_LENGTH = struct.Struct("<q")
_ABSENT = _LENGTH.pack(-1)


def row_checksum(
    id: int,
    key: str,
    content: bytes,
    label: str | None,
    metadata: str,
    vector: bytes,
    batch: int,
) -> bytes:
    """Return the 16-byte BLAKE2b of what a row says for ever, each field preceded by its length.

    Whether the row is deleted is not part of it: the batch's chain and count of live rows tell that.
    """
    digest = hashlib.blake2b(_INT64.pack(id) + _INT64.pack(batch), digest_size=16)
    for field in (key.encode(), content, None if label is None else label.encode(), metadata.encode(), vector):
        if field is None:
            digest.update(_ABSENT)
        else:
            digest.update(_LENGTH.pack(len(field)))
            digest.update(field)
    return digest.digest()


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
