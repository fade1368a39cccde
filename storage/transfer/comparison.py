"""Compare two stores: what they hold, to the bit, and what they answer."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.store import Store
from storage.types.items import Hit, Item
from storage.types.where import Where

#: What two stores that are the same differ in.
ALL_SAME: Mapping[str, int] = dict.fromkeys(("embedding", "items", "vectors", "plain", "filtered", "within"), 0)

#: Items read at once.
_PAGE = 4096

#: Queries asked at once.
_ASKED = 100

#: Neighbours asked for.
K = 10

#: How far queries lie from the items that they are drawn at, relative to the length of their vectors.
_MOVED = 0.05

#: Labels that filters ask for, at most.
_LABELS = 20


@dataclass(frozen=True)
class Comparison:
    """How many items, and queries of each kind, differ between two stores; `first` says what the first one is."""

    items: int
    queries: int
    differences: Mapping[str, int]
    first: str | None

    @property
    def same(self) -> bool:
        """Tell whether nothing differs."""
        return not any(self.differences.values())

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return {
            "same": self.same,
            "items": self.items,
            "queries": self.queries,
            "differences": dict(self.differences),
            "first_difference": self.first,
        }


def compare(one: Store, other: Store, *, queries: int = 1000, seed: int = 0) -> Comparison:
    """Compare two stores' embeddings, items and vectors, and their answers to as many queries of each kind as given.

    Plain queries ask for the nearest items, filtered ones for those of a label, and the others for all items within a
    radius; an answer is the same when ids, labels, metadata and every bit of the distances are.
    """
    if one.embedding.fingerprint != other.embedding.fingerprint:
        first = f"embedding: {one.embedding.fingerprint[:12]} and {other.embedding.fingerprint[:12]}"
        return Comparison(len(one), 0, {"embedding": 1}, first)
    counts = dict(ALL_SAME)
    differences = itertools.chain(_contents(one, other), _answers(one, other, queries, seed))
    shown: list[str] = []
    for kind, difference in differences:
        counts[kind] += 1
        shown = shown or [f"{kind}: {difference}"]
    return Comparison(len(one), queries if len(one) else 0, counts, shown[0] if shown else None)


def _contents(one: Store, other: Store) -> Iterator[tuple[str, str]]:
    """Walk the items of both stores by id, and yield a line for each that differs."""
    for left, right in itertools.zip_longest(_held(one), _held(other)):
        if left is None or right is None or left[0] != right[0]:
            yield "items", f"{_item(left)} and {_item(right)}"
        elif left[1] != right[1]:
            yield "vectors", f"item {left[0].id} has other vectors"


def _held(store: Store) -> Iterator[tuple[Item, bytes]]:
    for items, vectors in store.pages(_PAGE):
        yield from zip(items, (vector.tobytes() for vector in vectors), strict=True)


def _item(held: tuple[Item, bytes] | None) -> str:
    return "nothing" if held is None else f"item {held[0].id} ({held[0].key!r}, label {held[0].label!r})"


def _answers(one: Store, other: Store, queries: int, seed: int) -> Iterator[tuple[str, str]]:
    """Ask both stores the same, and yield a line for each query whose answers differ."""
    ids = one.ids()
    if not len(ids):
        return
    generator = np.random.default_rng(seed)
    drawn = generator.choice(ids, queries)
    asked = one.vectors(drawn.tolist())
    noise = generator.standard_normal(asked.shape).astype(np.float32)
    lengths = np.linalg.norm(asked, axis=1, keepdims=True) / np.sqrt(asked.shape[1])
    moved = asked + noise * lengths * np.float32(_MOVED)
    distances = []
    for left, right in _pairs(one, other, moved, None):
        distances += [hits[-1].distance for hits in left if hits]
        yield from (("plain", line) for line in _different(left, right))
    labels: dict[str | None, list[int]] = {}
    for place, item in enumerate(one.items(drawn.tolist())):
        labels.setdefault(item.label, []).append(place)
    for label, places in list(labels.items())[:_LABELS]:
        for left, right in _pairs(one, other, moved[places], {"label": label}):
            yield from (("filtered", line) for line in _different(left, right))
    radius = float(np.median(distances))
    for start in range(0, len(moved), _ASKED):
        some = moved[start : start + _ASKED]
        yield from (("within", line) for line in _different(one.within(some, radius), other.within(some, radius)))


def _pairs(
    one: Store, other: Store, queries: NDArray[np.float32], where: Where | None
) -> Iterator[tuple[list[list[Hit]], list[list[Hit]]]]:
    for start in range(0, len(queries), _ASKED):
        some = queries[start : start + _ASKED]
        yield one.nearest(some, K, where=where), other.nearest(some, K, where=where)


def _different(left: Sequence[Sequence[Hit]], right: Sequence[Sequence[Hit]]) -> Iterator[str]:
    for some, others in zip(left, right, strict=True):
        for hit, another in itertools.zip_longest(some, others):
            if hit != another:
                yield f"{_hit(hit)} and {_hit(another)}"
                break


def _hit(hit: Hit | None) -> str:
    return "no hit" if hit is None else f"hit {hit.rank}, item {hit.id} (label {hit.label!r}) at {hit.distance!r}"
