"""A page of imported items: what both Parquet and `.npz` files have in common.

A file has columns (Parquet) or arrays (`.npz`) `key` and `vector`, and optionally `label`, `metadata` (JSON text) and
`source` (a source's name, empty for none); others are ignored.
"""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.catalog.encoded_items import EncodedItems
from storage.catalog.row import bytes_of_each
from storage.errors import FileUnusable, LookalikeError
from storage.types.flat_json import encode_each
from storage.types.item_columns import ItemColumns
from storage.types.storable import label_of
from storage.types.vectors import checked_vectors

#: The most items of a page.
MAX_ROWS = 4096

#: The most bytes of a column or array that are in memory at once.
MAX_BYTES = 2**26

_DECODER = json.JSONDecoder()

_REQUIRED = ("key", "vector")
_OPTIONAL = ("label", "metadata", "source")
TEXT_COLUMNS = ("key", *_OPTIONAL)


@dataclass(frozen=True)
class Page:
    """Items, without their content digests, and their vectors, (n, dim) float32, of the same dimension in every page.

    The fields have the right types, but may have values that cannot be stored.
    """

    items: ItemColumns
    vectors: NDArray[np.float32]


def content_digests(items: EncodedItems, vectors: NDArray[np.float32]) -> list[bytes]:
    """Return the sha256 of each item's label and metadata, as JSON in ASCII, and vector, (n, dim)."""
    labels = {label: json.dumps(None if label is None else label.decode()).encode() for label in set(items.labels)}
    return [
        sha256(b"[%b, %b]%b" % (labels[label], _in_ascii(text), vector)).digest()
        for label, text, vector in zip(items.labels, items.metadata, bytes_of_each(vectors), strict=True)
    ]


def _in_ascii(metadata: bytes) -> bytes:
    # DEL is escaped too.
    if metadata.isascii() and b"\x7f" not in metadata:
        return metadata
    return encode_each([json.loads(metadata)], ascii=True)[0]


Pages = Generator[Page, None, None]


def columns_to_read(file: Path, names: Sequence[str]) -> list[str]:
    """Return the names of a file's columns to read; raise FileUnusable if a required one is missing."""
    for name in _REQUIRED:
        if name not in names:
            raise FileUnusable(f"expected {' and '.join(_REQUIRED)} in {file}, got {', '.join(names) or 'nothing'}")
    return [*_REQUIRED, *(name for name in _OPTIONAL if name in names)]


def page_of(file: Path, start: int, columns: Mapping[str, Sequence[Any]], numbers: NDArray[Any], dim: int) -> Page:
    """Return the page whose first item is row `start` of the file, with its texts by column and its vectors (n, dim).

    Raise FileUnusable or InvalidVectors.
    """
    if not dim:
        raise FileUnusable(f"expected vectors of at least one number in {file}, got empty ones")
    vectors = checked_vectors(numbers, dim, first_row=start)
    missing = [None] * len(vectors)
    labels, metadata, sources = (columns.get(name, missing) for name in _OPTIONAL)
    items = ItemColumns(
        [_key(file, row, key) for row, key in enumerate(columns["key"], start)],
        [b""] * len(vectors),
        [_label(file, row, label) for row, label in enumerate(labels, start)],
        [_metadata(file, row, text) for row, text in enumerate(metadata, start)],
        missing,
        [_text(file, row, source) if source else None for row, source in enumerate(sources, start)],
    )
    return Page(items, vectors)


def _key(file: Path, row: int, value: Any) -> str:
    if value is None:
        raise FileUnusable(f"expected a key in every row of {file}, got none in row {row}")
    return _text(file, row, value)


def _label(file: Path, row: int, value: Any) -> str | None:
    return _text(file, row, value) if isinstance(value, str | bytes) else label_of(value)


def _text(file: Path, row: int, value: Any) -> str:
    """Return a key or label as text; a number becomes its digits."""
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise FileUnusable(f"expected text as UTF-8 in row {row} of {file}, got {value[:100]!r}") from error


def _metadata(file: Path, row: int, text: Any) -> dict[str, Any]:
    """Parse a row's metadata; None and an empty text are no metadata."""
    try:
        metadata = _parsed(text) if text else {}
    except (TypeError, ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        raise FileUnusable(f"expected a JSON object as metadata in row {row} of {file}, got {str(text)[:100]!r}")
    return metadata


def _parsed(text: Any) -> Any:
    """Return what a JSON text says; a text without space around it takes half the time."""
    if isinstance(text, str) and text.startswith("{"):
        value, end = _DECODER.raw_decode(text)
        if end == len(text):
            return value
    return json.loads(text)


@contextmanager
def read_errors(file: Path) -> Iterator[None]:
    """Raise FileUnusable for any other error: libraries raise errors of many kinds for a damaged file."""
    try:
        yield
    except LookalikeError:
        raise
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise FileUnusable(f"expected a file that can be read at {file}, got '{' '.join(reason.split())}'") from error
