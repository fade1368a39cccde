"""A page of imported items: what both Parquet and `.npz` files have in common.

A file has columns (Parquet) or arrays (`.npz`) `key` and `vector`, and optionally `label`, `metadata` (JSON text) and
`source` (a source's name, empty for none); others are ignored.
"""

import hashlib
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import FileUnusable, LookalikeError
from storage.types.items import NewItem
from storage.types.storable import label_of
from storage.types.vectors import checked_vectors

#: The most items of a page.
MAX_ROWS = 4096

#: The most bytes of a column or array that are in memory at once.
MAX_BYTES = 2**26

#: Items and their vectors, (n, dim) float32, of the same dimension in every page.
Page = tuple[list[NewItem], NDArray[np.float32]]
Pages = Generator[Page, None, None]

_REQUIRED = ("key", "vector")
_OPTIONAL = ("label", "metadata", "source")
TEXT_COLUMNS = ("key", *_OPTIONAL)


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
    optional = (columns.get(name, missing) for name in _OPTIONAL)
    rows = zip(columns["key"], *optional, vectors, strict=True)
    items = []
    for row, (key, raw_label, raw_metadata, raw_source, vector) in enumerate(rows, start=start):
        if key is None:
            raise FileUnusable(f"expected a key in every row of {file}, got none in row {row}")
        label = _text(file, row, raw_label) if isinstance(raw_label, bytes) else label_of(raw_label)
        metadata = _metadata(file, row, raw_metadata)
        content = hashlib.sha256(json.dumps([label, metadata], sort_keys=True).encode() + vector.tobytes()).digest()
        source = _text(file, row, raw_source) if raw_source else None
        items.append(NewItem(_text(file, row, key), content, label, metadata, source=source))
    return items, vectors


def _text(file: Path, row: int, value: Any) -> str:
    """Return a key or label as text; a number becomes its digits."""
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise FileUnusable(f"expected text as UTF-8 in row {row} of {file}, got {value[:100]!r}") from error


def _metadata(file: Path, row: int, text: Any) -> dict[str, Any]:
    """Parse a row's metadata; None and an empty text are no metadata."""
    try:
        metadata = json.loads(text) if text else {}
    except (TypeError, ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        raise FileUnusable(f"expected a JSON object as metadata in row {row} of {file}, got {str(text)[:100]!r}")
    return metadata


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
