"""Items to store, stored items and hits; checks of ids, k and radii."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from storage.errors import InvalidQuery

#: A metadata value: what JSON can represent and a filter can compare.
Scalar = str | int | float | bool | None

#: The most digits of a whole number: as many as every Python converts to text and back, whatever its settings.
#: https://docs.python.org/3/library/stdtypes.html#integer-string-conversion-length-limitation
MAX_DIGITS = 640
_TOO_LARGE: int = 10**MAX_DIGITS


def is_storable_text(text: str) -> bool:
    """Return whether a text is valid UTF-8, which a file name need not be, and has no NUL character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def is_storable_integer(number: int) -> bool:
    """Return whether a whole number has at most MAX_DIGITS digits."""
    return -_TOO_LARGE < number < _TOO_LARGE


def _is_integer(value: object) -> TypeGuard[int | np.integer]:
    """Return whether a value is a Python or NumPy integer; a bool is not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def checked_id(id: object) -> int:
    """Return an id as a Python int; raise InvalidQuery for anything but an integer."""
    # A float would be truncated to another item's id.
    if not _is_integer(id):
        raise InvalidQuery(
            f"expected an id to be a whole number, got {id!r}: use the `id` of an item or a hit, or query by key"
        )
    return int(id)


def checked_k(k: object) -> int:
    """Return a number of neighbours as a Python int; raise InvalidQuery for anything but an integer of at least 1."""
    if not _is_integer(k) or k < 1:
        raise InvalidQuery(f"expected k to be a whole number of at least 1, got {k!r}")
    return int(k)


def checked_radius(radius: object) -> float:
    """Return a radius as a Python float; raise InvalidQuery for anything but a finite number of at least 0."""
    if not (_is_integer(radius) or isinstance(radius, float | np.floating)) or not 0 <= radius < math.inf:
        raise InvalidQuery(f"expected the radius to be a finite number of at least 0, got {radius!r}")
    return float(radius)


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item to be stored; its vector is passed separately.

    `key` is the item's permanent name within its source; `content` is the sha256 of the embedded bytes, which shows
    that the image of a key has changed; `thumbnail` is an encoded PNG; `source` names where the item came from.
    """

    key: str
    content: bytes
    label: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    thumbnail: bytes | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A stored item, without its vector."""

    id: int
    key: str
    label: str | None
    metadata: Mapping[str, Scalar]
    content: bytes


@dataclass(frozen=True, slots=True)
class SourcedItem:
    """A stored item, and the name of its source if it is known."""

    item: Item
    source: str | None


@dataclass(frozen=True, slots=True)
class ReusableItem:
    """A stored or deleted item with what another item of the same content can have too.

    `vector` is (dim,) float32, and `thumbnail` an encoded PNG.
    """

    item: Item
    vector: NDArray[np.float32]
    thumbnail: bytes | None


@dataclass(frozen=True, slots=True)
class Hit:
    """One search result; `rank` counts from 1, `distance` is Euclidean, not squared."""

    rank: int
    id: int
    key: str
    label: str | None
    distance: float
    metadata: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class AppendResult:
    """The result of a committed batch: the new ids, in the order given, and the number of rows that they replaced.

    `deleted` counts the other rows that the batch deleted.
    """

    ids: tuple[int, ...]
    replaced: int
    deleted: int = 0
