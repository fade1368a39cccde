"""A catalog row, its batch and its generation, as plain values."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from storage.checksum import row_checksum
from storage.errors import InvalidItem, StoreCorrupt
from storage.items import Item, NewItem, Scalar

#: Writes metadata: the same values give the same text. Made once, it encodes three times as fast.
_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False)

#: The types of a label and of a thumbnail.
_LABEL = (str, type(None))
_THUMBNAIL = (bytes, type(None))

#: The types of a metadata value.
_SCALAR = (str, int, float, bool, type(None))

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
    """A row as it is stored: text as UTF-8, metadata as JSON, the vector as little-endian float32.

    A tuple of bytes, since rows are read by the ten thousand and most are only checked.
    """

    id: int
    batch: int
    key: bytes
    label: bytes | None
    content: bytes
    metadata: bytes
    vector: bytes
    checksum: bytes

    @property
    def whole(self) -> bool:
        """Tell whether the row's fields match its checksum."""
        try:
            return row_checksum(*self[:-1]) == self.checksum
        except (TypeError, struct.error):
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
        """Return a verified row without its vector."""
        label = None if self.label is None else self.label.decode()
        return Item(self.id, self.key.decode(), label, json.loads(self.metadata), self.content)


@dataclass(frozen=True, slots=True)
class Texts:
    """An item's text as it is stored: UTF-8, the metadata as JSON."""

    key: bytes
    label: bytes | None
    metadata: bytes


def texts_of(item: NewItem) -> Texts:
    """Return an item's text as it is stored; raise InvalidItem when any of it cannot be."""
    try:
        if not isinstance(item.key, str) or not item.key or not isinstance(item.label, _LABEL):
            raise ValueError("a key is a text of at least one character, and a label is a text or None")
        if "\0" in item.key or "\0" in (item.label or ""):
            raise ValueError("a key or label cannot hold the NUL character")
        if not isinstance(item.content, bytes) or not isinstance(item.thumbnail, _THUMBNAIL):
            raise ValueError("a content digest is bytes, and a thumbnail is bytes or None")
        if not all(isinstance(name, str) for name in item.metadata):
            raise ValueError("metadata has texts for names")
        label = None if item.label is None else item.label.encode()
        texts = Texts(item.key.encode(), label, _JSON.encode(dict(item.metadata)).encode())
        if not all(isinstance(value, _SCALAR) for value in item.metadata.values()):
            raise ValueError("a metadata value is a text, a number, a truth value or None")
        return texts
    except (TypeError, ValueError) as error:
        raise InvalidItem(f"expected an item that can be stored, got key {item.key!r}: {error}") from error


def require_storable(key: str, label: str | None, metadata: Mapping[str, Scalar]) -> None:
    """Raise InvalidItem unless an item of these can be stored: for asking before its vector is computed."""
    texts_of(NewItem(key, b"", label, metadata))


def new_row(id: int, batch: int, texts: Texts, content: bytes, vector: NDArray[np.float32]) -> Row:
    """Return the row of a new item; `vector` is (dim,) float32."""
    data = vector.astype(VECTOR_TYPE, copy=False).tobytes()
    checksum = row_checksum(id, batch, texts.key, texts.label, content, texts.metadata, data)
    return Row(id, batch, texts.key, texts.label, content, texts.metadata, data, checksum)
