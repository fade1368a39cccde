"""What goes into a store and what comes out of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from storage.errors import InvalidQuery

#: What a metadata value may be: what JSON can hold and a filter can compare.
Scalar = str | int | float | bool | None


def is_text(key: str) -> bool:
    """Tell whether a key can be stored: as UTF-8, which a file's name need not be, without the NUL character."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in key


def checked_id(id: object) -> int:
    """Return an id as Python's own integer; raise InvalidQuery for what is no whole number."""
    # A float would be cut to another item's id; a bool is an answer to another question.
    if isinstance(id, bool) or not isinstance(id, int | np.integer):
        raise InvalidQuery(
            f"expected an id to be a whole number, got {id!r}: take the `id` of an item or a hit, or ask with its key"
        )
    return int(id)


def checked_k(k: object) -> int:
    """Return a number of neighbours as Python's own integer; raise InvalidQuery for what is none."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InvalidQuery(f"expected k to be a whole number of at least 1, got {k!r}")
    return int(k)


def checked_radius(radius: object) -> float:
    """Return a radius as Python's own number; raise InvalidQuery for what is none."""
    number = isinstance(radius, int | float | np.integer | np.floating) and not isinstance(radius, bool)
    if not number or not 0 <= radius < math.inf:  # type: ignore[operator]
        raise InvalidQuery(f"expected the radius to be a finite number of at least 0, got {radius!r}")
    return float(radius)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item on its way into a store; its vector travels beside it.

    `key` names it within its source for ever; `content` is the sha256 of what was embedded, so that a
    changed image under the same key is noticed; `thumbnail` is an encoded PNG.
    """

    key: str
    content: bytes
    label: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A stored item, without its vector."""

    id: int
    key: str
    label: str | None
    metadata: Mapping[str, Scalar]
    content: bytes


@dataclass(frozen=True, slots=True)
class Hit:
    """One neighbour in an answer; `rank` counts from 1, `distance` is Euclidean, not squared."""

    rank: int
    id: int
    key: str
    label: str | None
    distance: float
    metadata: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Appended:
    """What one acknowledged batch did: the new ids, in the order given, and how many rows they replaced."""

    ids: tuple[int, ...]
    replaced: int
