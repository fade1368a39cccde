"""New items as they are stored: checked, and their texts as UTF-8."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, repeat

import numpy as np
from numpy.typing import NDArray

from storage.catalog.checksum import row_checksum
from storage.catalog.row import Row, bytes_of_each
from storage.errors import InvalidItem
from storage.types.flat_json import encode_each
from storage.types.item_columns import ItemColumns
from storage.types.items import NewItem, Scalar
from storage.types.storable import MAX_METADATA_BYTES, are_plainly_storable, require_storable_item, shortened


@dataclass(frozen=True, slots=True)
class EncodedItems:
    """Items by field; thumbnails and sources by the indices of the items that have them.

    `fields` are what the metadata was encoded from, None unless all values are of Python's own types.
    """

    keys: Sequence[bytes]
    labels: Sequence[bytes | None]
    contents: Sequence[bytes]
    metadata: Sequence[bytes]
    fields: Sequence[Mapping[str, Scalar]] | None
    thumbnails: Mapping[int, bytes]
    sources: Mapping[int, str]

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.keys)

    def require_distinct_keys(self) -> None:
        """Raise InvalidItem when two items share a key."""
        if len(set(self.keys)) != len(self):
            (repeated, _), *_ = Counter(self.keys).most_common(1)
            raise InvalidItem(f"expected each key once in a batch, got {repeated.decode()!r} twice")

    def with_contents(self, contents: Sequence[bytes]) -> "EncodedItems":
        """Return the items with these content digests."""
        return replace(self, contents=contents)

    def take(self, indices: Sequence[int]) -> "EncodedItems":
        """Return the items at these indices, in their order."""
        new_indices = {index: new for new, index in enumerate(indices)}
        return EncodedItems(
            [self.keys[index] for index in indices],
            [self.labels[index] for index in indices],
            [self.contents[index] for index in indices],
            [self.metadata[index] for index in indices],
            None if self.fields is None else [self.fields[index] for index in indices],
            {new_indices[index]: png for index, png in self.thumbnails.items() if index in new_indices},
            {new_indices[index]: source for index, source in self.sources.items() if index in new_indices},
        )

    def rows(self, first_id: int, batch: int, vectors: NDArray[np.float32]) -> list[Row]:
        """Return the items' rows, with ids from `first_id` on and their vectors, (n, dim) float32."""
        fields = self.keys, self.labels, self.contents, self.metadata, bytes_of_each(vectors)
        checksums = map(row_checksum, count(first_id), repeat(batch), *fields)
        return [*map(Row._make, zip(count(first_id), repeat(batch), *fields, checksums, strict=False))]


def encode_items(items: ItemColumns) -> EncodedItems:
    """Return the items as they are stored; raise InvalidItem when a field of an item cannot be stored."""
    are_plain = are_plainly_storable(items)
    for index in [] if are_plain else range(len(items)):
        item = items.item(index)
        try:
            require_storable_item(item)
        except (TypeError, ValueError) as error:
            raise _unstorable(item, str(error)) from error
    metadata = encode_each(items.metadata)
    if max(map(len, metadata), default=0) > MAX_METADATA_BYTES:
        size, index = max((len(text), index) for index, text in enumerate(metadata))
        problem = f"its metadata must have at most {MAX_METADATA_BYTES:,} bytes as JSON, got {size:,}"
        raise _unstorable(items.item(index), problem)
    labels = {label: label.encode() for label in set(items.label) if label is not None}
    return EncodedItems(
        [key.encode() for key in items.key],
        [None if label is None else labels[label] for label in items.label],
        items.content,
        metadata,
        items.metadata if are_plain else None,
        {index: png for index, png in enumerate(items.thumbnail) if png is not None},
        {index: source for index, source in enumerate(items.source) if source is not None},
    )


def require_storable(key: str, label: str | None, metadata: Mapping[str, Scalar]) -> None:
    """Raise InvalidItem unless an item with these fields can be stored; call it before the vector is computed."""
    encode_items(ItemColumns.of([NewItem(key, b"", label, metadata)]))


def _unstorable(item: NewItem, problem: str) -> InvalidItem:
    key = shortened(item.key) if isinstance(item.key, str) else repr(item.key)
    return InvalidItem(f"expected an item that can be stored, got key {key}: {problem}")
