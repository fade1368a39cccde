"""The row of an item, as bytes: how an item is encoded, checked and decoded."""

import json
import math
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from storage.catalog.checksum import row_checksum
from storage.errors import StoreCorrupt
from storage.types.items import Item, Scalar
from storage.types.storable import (
    MAX_KEY_BYTES,
    MAX_LABEL_BYTES,
    MAX_READ_METADATA_BYTES,
    stored_metadata,
)
from storage.types.vectors import is_searchable


def _finite_number(text: str) -> float:
    """Return a JSON number; raise ValueError for NaN and infinity, which Python's decoder would accept."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:20]}")
    return number


_DECODER = json.JSONDecoder(
    parse_float=_finite_number, parse_constant=_finite_number, object_pairs_hook=stored_metadata
)

#: The dtype of a stored vector: float32, little-endian.
VECTOR_DTYPE = np.dtype("<f4")


class Row(NamedTuple):
    """An item's row as stored: text as UTF-8, metadata as JSON, the vector as little-endian float32.

    A named tuple of bytes, since many thousand rows are read at once and most are only checked, never decoded.
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
    def intact(self) -> bool:
        """Return whether the row's fields match its checksum."""
        try:
            return row_checksum(*self[:-1]) == self.checksum
        except (TypeError, struct.error):
            # Damage can change a value's type: SQLite does not enforce column types.
            return False

    def verified(self) -> "Row":
        """Return the row itself; raise StoreCorrupt when its fields do not match its checksum."""
        if not self.intact:
            raise StoreCorrupt(
                f"expected item {self.id} to match its checksum, but it was damaged after it was written: "
                "run `lookalike store repair`, or restore the store from a backup"
            )
        return self

    def vector_bytes(self, dim: int) -> bytes:
        """Return a verified row's vector as bytes; raise StoreCorrupt unless it has `dim` dimensions."""
        if len(self.vector) != dim * VECTOR_DTYPE.itemsize:
            raise _foreign_row(self.id, f"a vector of {dim} dimensions, got {len(self.vector)} bytes")
        return self.vector

    def item(self) -> Item:
        """Return a verified row as an item, without its vector; raise StoreCorrupt when it cannot be decoded."""
        key, label, metadata = self.decoded()
        return Item(self.id, key, label, metadata, self.content)

    def decoded(self) -> tuple[str, str | None, dict[str, Scalar]]:
        """Return a verified row's key, label and metadata; raise StoreCorrupt when they cannot be decoded."""
        try:
            self._require_sizes()
            if not self.key:
                raise ValueError("an empty key")
            label = None if self.label is None else self.label.decode()
            return self.key.decode(), label, dict(_metadata(self.metadata))
        except (ValueError, RecursionError) as error:
            raise _foreign_row(self.id, f"text and metadata that can be read, got {error}") from error

    def _require_sizes(self) -> None:
        """Raise ValueError if a text is larger than any that is read."""
        label_size = 0 if self.label is None else len(self.label)
        if (
            len(self.key) > MAX_KEY_BYTES
            or label_size > MAX_LABEL_BYTES
            or len(self.metadata) > MAX_READ_METADATA_BYTES
        ):
            raise ValueError(
                f"a key, a label and metadata of {len(self.key):,}, {label_size:,} and {len(self.metadata):,} bytes, "
                f"of which at most {MAX_KEY_BYTES:,}, {MAX_LABEL_BYTES:,} and {MAX_READ_METADATA_BYTES:,} are read"
            )

    def problem(self, dim: int, *, deleted: bool) -> str | None:
        """Return why a row is none that Lookalike wrote, with what to do; None if every command can read it."""
        try:
            if deleted and not self.vector:
                # Compacted: the chain still covers its checksum, and only a copy of the store reads its texts.
                self._require_copyable()
                return None
            if not self.intact:
                return f"item {self.id}: its fields do not match its checksum"
            self.item()
            if not is_searchable(vectors_of([self], dim)).all():
                raise _foreign_row(self.id, "a vector that can be searched, got NaN, infinity or a too large one")
        except StoreCorrupt as error:
            return str(error)
        return None

    def _require_copyable(self) -> None:
        """Raise StoreCorrupt unless the texts of a compacted row are such, of the sizes that are stored."""
        try:
            self._require_sizes()
            for text in (self.key, self.label or b"", self.metadata):
                text.decode()
        except (AttributeError, TypeError, ValueError) as error:
            raise _foreign_row(self.id, f"texts that can be read, got {error}") from error


def vectors_of(rows: Sequence[Row], dim: int) -> NDArray[np.float32]:
    """Return the vectors of verified rows, (n, dim) float32; raise StoreCorrupt unless all have `dim` dimensions."""
    data = bytearray().join([row.vector_bytes(dim) for row in rows])
    return np.frombuffer(data, VECTOR_DTYPE).reshape(len(rows), dim).astype(np.float32, copy=False)


def decode_metadata(text: bytes) -> dict[str, Scalar]:
    """Return metadata as it was before it was encoded; raise ValueError or RecursionError when it is not such text."""
    metadata = _DECODER.decode(text.decode())
    if not isinstance(metadata, dict):
        raise ValueError("metadata that is not an object")
    return metadata


@lru_cache(maxsize=4096)
def _metadata(text: bytes) -> dict[str, Scalar]:
    """Return decoded metadata, cached since many items share it: copy it before it leaves this file."""
    return decode_metadata(text)


def _foreign_row(id: int, expected: str) -> StoreCorrupt:
    """Return the error for a row that matches its checksum but cannot have been written by `new_row`."""
    return StoreCorrupt(
        f"expected item {id} to have {expected}: something other than Lookalike wrote it; run `lookalike store "
        "repair`, or restore the store from a backup"
    )


def bytes_of_each(vectors: NDArray[np.float32]) -> list[bytes]:
    """Return the bytes of each vector of (n, dim) float32 as they are stored."""
    data = np.ascontiguousarray(vectors, VECTOR_DTYPE)
    rows: list[Any] = data.view(np.dtype((np.void, data.shape[1] * data.itemsize))).ravel().tolist()
    return rows


def renewed_row(row: Row, id: int, batch: int, vector: bytes) -> Row:
    """Return a verified row under a new id, with another vector and all else as it was."""
    renewed = row._replace(id=id, batch=batch, vector=vector)
    return renewed._replace(checksum=row_checksum(*renewed[:-1]))
