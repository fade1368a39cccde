"""A catalog row, its batch and its generation, as plain values."""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from storage.catalog.checksum import row_checksum
from storage.errors import InvalidItem, StoreCorrupt
from storage.types.items import Hit, Item, NewItem, Scalar

#: Writes metadata: the same values give the same text. Made once, it encodes three times as fast.
_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False)


def _finite(text: str) -> float:
    """Return the number that JSON has as a text; infinity and what is none are no JSON, though Python reads them."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:20]}")
    return number


_READ_JSON = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)

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

    def vector_of(self, dim: int) -> bytes:
        """Return a verified row's vector; raise StoreCorrupt when it is not of so many dimensions."""
        if len(self.vector) != dim * VECTOR_TYPE.itemsize:
            raise _not_ours(self.id, f"a vector of {dim} dimensions, got {len(self.vector)} bytes")
        return self.vector

    def array(self, dim: int) -> NDArray[np.float32]:
        """Return a verified row's vector, (dim,) float32, read-only."""
        return np.frombuffer(self.vector_of(dim), VECTOR_TYPE)

    def item(self) -> Item:
        """Return a verified row without its vector; raise StoreCorrupt when it cannot have been an item."""
        key, label, metadata = self._told()
        return Item(self.id, key, label, metadata, self.content)

    def hit(self, rank: int, distance: float) -> Hit:
        """Return a verified row as a neighbour in an answer; raise StoreCorrupt when it cannot have been an item."""
        key, label, metadata = self._told()
        return Hit(rank, self.id, key, label, distance, metadata)

    def _told(self) -> tuple[str, str | None, dict[str, Scalar]]:
        """Return the key, the label and the metadata."""
        try:
            label = None if self.label is None else self.label.decode()
            return self.key.decode(), label, dict(_metadata(self.metadata))
        except (ValueError, RecursionError) as error:
            raise _not_ours(self.id, f"text and metadata that can be read, got {error}") from error


@lru_cache(maxsize=4096)
def _metadata(text: bytes) -> dict[str, Scalar]:
    """Return metadata as an object, not to be changed: many items have the same."""
    metadata = _READ_JSON.decode(text.decode())
    if not isinstance(metadata, dict):
        raise ValueError("metadata that is not an object")
    return metadata


def _not_ours(id: int, expected: str) -> StoreCorrupt:
    """Say that a row matches its checksum and still is nothing that was ever stored."""
    return StoreCorrupt(
        f"expected item {id} to have {expected}: something other than Lookalike wrote it; restore the store from a "
        "backup"
    )


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
        for name, value in item.metadata.items():
            if not isinstance(name, str):
                raise ValueError("metadata has texts for names")
            if not isinstance(value, _SCALAR):
                raise ValueError("a metadata value is a text, a number, a truth value or None")
        label = None if item.label is None else item.label.encode()
        return Texts(item.key.encode(), label, _JSON.encode(dict(item.metadata)).encode())
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
