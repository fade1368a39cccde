"""How an item becomes bytes."""

import numpy as np
import pytest

from storage.catalog.checksum import row_checksum
from storage.catalog.row import Row, bytes_of_each
from storage.errors import StoreCorrupt
from storage.types.storable import MAX_METADATA_BYTES, MAX_READ_METADATA_BYTES


def test_vectors_are_stored_as_little_endian_float32() -> None:
    assert bytes_of_each(np.array([[1, -2], [0.5, 0]], np.float32)) == [
        bytes.fromhex("0000803f 000000c0"),
        bytes.fromhex("0000003f 00000000"),
    ]
    assert bytes_of_each(np.empty((0, 2), np.float32)) == []


def row_with_metadata(size: int) -> Row:
    """Return an intact row whose metadata is JSON of this many bytes."""
    fields = (0, 1, b"k", None, b"", b'{"a": "' + b"x" * (size - 9) + b'"}', bytes(8))
    return Row(*fields, row_checksum(*fields))


def test_more_metadata_than_is_stored_today_is_read_from_a_store_that_has_it() -> None:
    row = row_with_metadata(MAX_METADATA_BYTES + 1)
    assert row.problem(2, deleted=False) is None
    assert row.item().metadata == {"a": "x" * (MAX_METADATA_BYTES - 8)}


def test_more_metadata_than_any_store_could_have_is_not_read() -> None:
    with pytest.raises(StoreCorrupt, match="67,108,865 bytes, of which at most 2,600, 65,000 and 67,108,864 are read"):
        row_with_metadata(MAX_READ_METADATA_BYTES + 1).item()
