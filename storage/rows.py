"""A catalog row, its batch and its generation, as plain values."""

import json
import struct
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from storage.checksum import row_checksum
from storage.errors import InvalidItem, StoreCorrupt
from storage.items import Item, NewItem

#: Writes metadata: the same values give the same text. Made once, it encodes three times as fast.
_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False)

#: How a vector is stored: float32, little-endian.
VECTOR_TYPE = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class Batch:
    """An acknowledged batch: its number, the live rows after it, the next free id, and the chain hash up to it."""

    number: int
    live: int
    next_id: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class Generation:
    """An index file's record: which batches it covers and how its bytes must look."""

    number: int
    batch: int
    chain: bytes
    items: int
    size: int
    sha256: bytes


class Row(NamedTuple):
    """A row as it is stored: metadata as JSON text, the vector as little-endian float32 bytes.

    A tuple, since they are made by the ten thousand.
    """

    id: int
    batch: int
    key: str
    label: str | None
    content: bytes
    metadata: str
    vector: bytes
    checksum: bytes

    @property
    def whole(self) -> bool:
        """Tell whether the row's fields match its checksum."""
        try:
            fields = (self.id, self.key, self.content, self.label, self.metadata, self.vector, self.batch)
            return row_checksum(*fields) == self.checksum
        except (TypeError, AttributeError, struct.error):
            # Damage can change a value's type: SQLite's columns are not bound to one.
            return False

    def verified(self) -> "Row":
        """Return the row itself, or raise StoreCorrupt when its checksum does not match its fields."""
        if not self.whole:
            raise StoreCorrupt(
                f"expected item {self.id} to match its checksum, but it was damaged after it was written: "
                "run `python -m storage repair`, or restore the store from a backup"
            )
        return self

    def array(self) -> NDArray[np.float32]:
        """Return the vector, (dim,) float32, read-only."""
        return np.frombuffer(self.vector, VECTOR_TYPE)

    def item(self) -> Item:
        """Return the row without its vector."""
        return Item(self.id, self.key, self.label, json.loads(self.metadata), self.content)


def new_row(id: int, batch: int, item: NewItem, metadata: str, vector: NDArray[np.float32]) -> Row:
    """Return the row of a new item: `metadata` as checked JSON text, `vector` (dim,) float32."""
    data = vector.astype(VECTOR_TYPE, copy=False).tobytes()
    checksum = row_checksum(id, item.key, item.content, item.label, metadata, data, batch)
    return Row(id, batch, item.key, item.label, item.content, metadata, data, checksum)


def checked_metadata(item: NewItem) -> str:
    """Return an item's metadata as JSON text, or raise InvalidItem when any of the item's text cannot be stored."""
    try:
        if not isinstance(item.key, str) or not item.key or not isinstance(item.label, str | None):
            raise ValueError("a key is a text of at least one character, and a label is a text or None")
        item.key.encode()
        (item.label or "").encode()
        text = _JSON.encode(dict(item.metadata))
        text.encode()
    except (TypeError, ValueError) as error:
        raise InvalidItem(f"expected an item that can be stored, got key {item.key!r}: {error}") from error
    return text
