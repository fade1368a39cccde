"""Compare two stores: what they hold, to the bit, and what they answer."""

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.memory.batch_hits import BatchHits
from storage.store import Store
from storage.types.items import Hit, Item
from storage.types.query import Query

#: The count of each kind of difference between equal stores: of embedding, items, vectors and items' sources, and of
#: the answers to plain queries, filtered queries and range searches.
NO_DIFFERENCES: Mapping[str, int] = dict.fromkeys(
    ("embedding", "items", "vectors", "sources", "plain", "filtered", "within"), 0
)

#: The number of hits of a query.
K = 10

#: Items read at a time.
_PAGE = 4096

#: Queries of a batch.
_BATCH = 100

#: The length of the noise that is added to an item's vector to make a query, relative to the vector's length.
_NOISE = 0.05

#: The most labels that queries are filtered by.
_MAX_LABELS = 20


@dataclass(frozen=True)
class Comparison:
    """The number of differences between two stores, by kind; `first_difference` is the first of them as a text."""

    items: int
    queries: int
    differences: Mapping[str, int]
    first_difference: str | None

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not any(self.differences.values())


def compare(left: Store, right: Store, *, queries: int = 1000, seed: int = 0) -> Comparison:
    """Compare two stores' embeddings, items and vectors, and their answers to `queries` queries of each kind.

    Plain queries ask for the nearest items, filtered ones for the nearest of a label, range searches for all items
    within a radius. Two answers are the same when ids, labels, metadata and every bit of the distances are.
    """
    if left.embedding.fingerprint != right.embedding.fingerprint:
        first = f"embedding: {left.embedding.fingerprint[:12]} and {right.embedding.fingerprint[:12]}"
        return Comparison(len(left), 0, {"embedding": 1}, first)
    counts = dict(NO_DIFFERENCES)
    first_difference = None
    differences = itertools.chain(_item_differences(left, right), _hit_differences(left, right, queries, seed))
    for kind, difference in differences:
        counts[kind] += 1
        first_difference = first_difference or f"{kind}: {difference}"
    return Comparison(len(left), queries if len(left) else 0, counts, first_difference)


def _item_differences(left: Store, right: Store) -> Iterator[tuple[str, str]]:
    """Yield the kind and a description of each difference between the items of both stores, in id order."""
    items = heapq.merge(_items_of(left, 0), _items_of(right, 1), key=_item_id)
    for id, group in itertools.groupby(items, _item_id):
        by_side = dict(group)
        left_item, right_item = by_side.get(0), by_side.get(1)
        if left_item is None or right_item is None or left_item[0] != right_item[0]:
            yield "items", f"{_item_text(left_item)} and {_item_text(right_item)}"
        elif left_item[1] != right_item[1]:
            yield "vectors", f"item {id} has other vectors"
        elif left_item[2] != right_item[2]:
            yield "sources", f"item {id} is of source {left_item[2]} and {right_item[2]}"


#: An item with the bytes of its vector, and its source.
_Stored = tuple[Item, bytes, str | None]


def _items_of(store: Store, side: int) -> Iterator[tuple[int, _Stored]]:
    """Yield a store's items in id order, each with the number of its store."""
    for items, vectors in store.sourced_pages(_PAGE):
        for item, vector in zip(items, vectors, strict=True):
            yield side, (item.item, vector.tobytes(), item.source)


def _item_id(entry: tuple[int, _Stored]) -> int:
    return entry[1][0].id


def _item_text(stored: _Stored | None) -> str:
    return "nothing" if stored is None else f"item {stored[0].id} ({stored[0].key!r}, label {stored[0].label!r})"


def _hit_differences(left: Store, right: Store, queries: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield the kind and a description of each query that both stores answer differently."""
    ids = left.ids()
    if not len(ids):
        return
    generator = np.random.default_rng(seed)
    drawn = generator.choice(ids, queries).tolist()
    vectors = _with_noise(left.vectors(drawn), generator)
    farthest = []
    for left_hits, right_hits in _answers(left, right, vectors, Query(K)):
        farthest += [hits[-1].distance for hits in left_hits if hits]
        yield from (("plain", line) for line in _first_differences(left_hits, right_hits))
    rows_by_label: dict[str | None, list[int]] = {}
    for row, item in enumerate(left.items(drawn)):
        rows_by_label.setdefault(item.label, []).append(row)
    for label, rows in list(rows_by_label.items())[:_MAX_LABELS]:
        for answers in _answers(left, right, vectors[rows], Query.checked(K, where={"label": label})):
            yield from (("filtered", line) for line in _first_differences(*answers))
    for answers in _answers(left, right, vectors, Query.checked(radius=float(np.median(farthest)))):
        yield from (("within", line) for line in _first_differences(*answers))


def _with_noise(vectors: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    """Return vectors, (n, dim) float32, moved by noise relative to their length."""
    noise = generator.standard_normal(vectors.shape).astype(np.float32)
    scales = np.linalg.norm(vectors, axis=1, keepdims=True) / np.sqrt(vectors.shape[1])
    moved: NDArray[np.float32] = vectors + noise * scales * np.float32(_NOISE)
    return moved


def _answers(
    left: Store, right: Store, vectors: NDArray[np.float32], query: Query
) -> Iterator[tuple[BatchHits, BatchHits]]:
    """Yield both stores' hits of the query vectors, a batch at a time."""
    for start in range(0, len(vectors), _BATCH):
        batch = vectors[start : start + _BATCH]
        yield left.search(batch, query), right.search(batch, query)


def _first_differences(left: Sequence[Sequence[Hit]], right: Sequence[Sequence[Hit]]) -> Iterator[str]:
    """Yield the first difference of each query's hits."""
    for left_hits, right_hits in zip(left, right, strict=True):
        for left_hit, right_hit in itertools.zip_longest(left_hits, right_hits):
            if left_hit != right_hit:
                yield f"{_hit_text(left_hit)} and {_hit_text(right_hit)}"
                break


def _hit_text(hit: Hit | None) -> str:
    return "no hit" if hit is None else f"hit {hit.rank}, item {hit.id} (label {hit.label!r}) at {hit.distance!r}"
