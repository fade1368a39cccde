"""What an item's key, label and metadata may be: what every database holds and a filter can select by."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, TypeGuard

from storage.types.item_columns import ItemColumns
from storage.types.items import MAX_DIGITS, NewItem, Scalar, is_storable_integer, is_storable_text
from storage.types.where import COLUMNS

#: The longest key, in bytes of UTF-8: PostgreSQL's index of keys holds up to 2,692.
MAX_KEY_BYTES = 2600

#: The longest label, in bytes of UTF-8: a field of Milvus holds up to 65,535.
MAX_LABEL_BYTES = 65_000

#: The most metadata of an item, in bytes of JSON: every filter reads that of all items.
MAX_METADATA_BYTES = 2**20

#: The most metadata that is read: stores that were written before there was a bound may have more than is stored today.
MAX_READ_METADATA_BYTES = 2**26

#: The largest thumbnail, in bytes; Lookalike's have a few thousand.
MAX_THUMBNAIL_BYTES = 2**20

#: The longest name of a source, and reason why an input was rejected, in bytes of UTF-8.
MAX_TEXT_BYTES = 65_000

#: More than any count of items, bytes or records.
_COUNT_LIMIT = 2**62

_VALUE_TYPES = (str, int, float, bool, type(None))


def require_storable_item(item: NewItem) -> None:
    """Raise ValueError, naming the field, unless an item's key, label, source, metadata and bytes can be stored."""
    if not isinstance(item.key, str) or not item.key:
        raise ValueError("its key must be a text of at least one character")
    _require_text("key", item.key, MAX_KEY_BYTES)
    if item.label is not None:
        if not isinstance(item.label, str):
            raise ValueError(f"its label must be a text or None, got {type(item.label).__name__}")
        _require_text("label", item.label, MAX_LABEL_BYTES)
    if not isinstance(item.content, bytes) or not isinstance(item.thumbnail, bytes | None):
        raise ValueError("its content digest must be bytes, and its thumbnail bytes or None")
    if item.thumbnail is not None and len(item.thumbnail) > MAX_THUMBNAIL_BYTES:
        raise ValueError(f"its thumbnail must have at most {MAX_THUMBNAIL_BYTES:,} bytes, got {len(item.thumbnail):,}")
    if item.source is not None:
        if not isinstance(item.source, str) or not item.source:
            raise ValueError("its source must be a text of at least one character, or None")
        _require_text("source", item.source, MAX_TEXT_BYTES)
    _require_metadata(item.metadata)


def are_plainly_storable(items: ItemColumns) -> bool:
    """Return whether items can be stored for reasons that are seen of many at once; others may be storable too."""
    try:
        labels, sources, names = set(items.label), set(items.source), set(chain.from_iterable(items.metadata))
        values = [value for metadata in items.metadata if metadata for value in metadata.values()]
        texts = [value for value in values if type(value) is str]
        joined = "".join((*items.key, *(text for text in labels | sources if text is not None), *texts))
        # Raises an error for a text that is not valid Unicode.
        size = len(joined.encode())
        are_plain = (
            "\0" not in joined
            and not any(map(name_problem, names))
            and {*map(type, values)} <= {*_VALUE_TYPES}
            and all(is_storable_integer(value) for value in values if type(value) is int)
            and all(math.isfinite(value) for value in values if type(value) is float)
        )
    except (AttributeError, TypeError, ValueError):
        return False
    # The most bytes of a character.
    width = 1 if size == len(joined) else 4
    return (
        are_plain
        and all(items.key)
        and width * max(map(len, items.key), default=0) <= MAX_KEY_BYTES
        and all(label is None or width * len(label) <= MAX_LABEL_BYTES for label in labels)
        and all(source is None or 0 < width * len(source) <= MAX_TEXT_BYTES for source in sources)
        and {*map(type, items.content)} <= {bytes}
        and all(thumbnail is None or is_stored_thumbnail(thumbnail) for thumbnail in items.thumbnail)
    )


def stored_metadata(pairs: Sequence[tuple[str, Any]]) -> dict[str, Scalar]:
    """Return a stored JSON object's fields; raise ValueError unless all are texts, numbers, truth values or null.

    Older stores have some of names and texts that are refused today, but none that is no Unicode, and none twice.
    """
    metadata = dict(pairs)
    if len(metadata) < len(pairs):
        raise ValueError("metadata with one name twice")
    for name, value in metadata.items():
        if not isinstance(value, _VALUE_TYPES):
            raise ValueError(f"{shortened(name)} as a list or an object in its metadata")
        if isinstance(value, int) and not is_storable_integer(value):
            raise ValueError(f"a number of more than {MAX_DIGITS} digits in its metadata")
        for text in (name, value):
            if isinstance(text, str) and not text.isascii():
                text.encode()
    return metadata


def are_counts(*values: object) -> bool:
    """Return whether all stored values may be counts of items or bytes, or numbers of records, by type and size."""
    return all(type(value) is int and 0 <= value < _COUNT_LIMIT for value in values)


def is_stored_text(value: object) -> TypeGuard[str]:
    """Return whether a stored value may be a reason or a source's name by its type and size."""
    return isinstance(value, str) and len(value) <= MAX_TEXT_BYTES and is_storable_text(value)


def is_stored_thumbnail(value: object) -> TypeGuard[bytes]:
    """Return whether a value may be a stored thumbnail by its type and size."""
    return isinstance(value, bytes) and len(value) <= MAX_THUMBNAIL_BYTES


def label_of(value: object) -> str | None:
    """Return a label from another tool's table as a text, or None.

    Where a label is missing, such tools make fractions of whole numbers, and NaN of the missing one.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def name_problem(name: str) -> str | None:
    """Return why metadata cannot have this name, and what to do about it; None if it can."""
    if name in COLUMNS:
        return (
            f"metadata cannot be named {name!r}, which filters take for the item's own {name}; rename it, for example "
            f"to 'original_{name}'"
        )
    problem = _text_problem(name)
    return problem and f"the name of its metadata {shortened(name)} {problem}"


def shortened(text: str) -> str:
    """Return a text for a message: quoted, and no more than 100 characters of it."""
    return repr(text if len(text) <= 100 else text[:100] + "...")


def _require_metadata(metadata: Mapping[str, Scalar]) -> None:
    for name, value in metadata.items():
        if not isinstance(name, str):
            raise ValueError(f"the name of its metadata {name!r} must be a text")
        if (problem := name_problem(name)) is not None:
            raise ValueError(problem)
        if isinstance(value, str):
            _require_text(f"metadata {shortened(name)}", value)
        elif not isinstance(value, _VALUE_TYPES):
            raise ValueError(
                f"its metadata {shortened(name)} must be a text, number, truth value or None, got "
                f"{type(value).__name__}"
            )
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"its metadata {shortened(name)} must be a finite number or None, got {float(value)}")
        elif isinstance(value, int) and not is_storable_integer(value):
            raise ValueError(f"its metadata {shortened(name)} must have at most {MAX_DIGITS} digits: give it as a text")


def _require_text(field: str, text: str, most_bytes: int | None = None) -> None:
    if (problem := _text_problem(text)) is not None:
        raise ValueError(f"its {field} {problem}")
    if most_bytes is not None and 4 * len(text) > most_bytes and (size := len(text.encode())) > most_bytes:
        raise ValueError(f"its {field} must have at most {most_bytes:,} bytes in UTF-8, got {size:,}")


def _text_problem(text: str) -> str | None:
    if "\0" in text:
        return "must not contain the NUL character, which PostgreSQL cannot hold"
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"must be valid Unicode, got {text[error.start]!r} at index {error.start}"
    return None
