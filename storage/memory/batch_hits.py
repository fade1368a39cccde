"""The hits of many queries as arrays, of which `Hit`s are made when someone looks at them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

from storage.catalog.row import Row
from storage.memory.gc_pause import gc_paused
from storage.nearest.answers import Distances
from storage.types.items import Hit, Scalar


@dataclass(frozen=True)
class ItemTexts:
    """The keys, labels and metadata of items, decoded from rows that were checked."""

    keys: list[str] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    metadata: list[dict[str, Scalar]] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.keys)

    def add(self, rows: Iterable[Row]) -> None:
        """Append the items of checked rows; raise StoreCorrupt when one cannot be decoded."""
        for row in rows:
            key, label, metadata = row.decoded()
            self.keys.append(key)
            self.labels.append(label)
            self.metadata.append(metadata)


@dataclass(frozen=True, eq=False, repr=False)
class BatchHits(Sequence[list[Hit]]):
    """The hits of each of many queries, by distance, then id: a sequence of lists, which are made when asked for.

    Query i has those from `offsets[i]` to `offsets[i + 1]`, (nq + 1,) int64, of `ids` and `distances`, (m,) int64 and
    float64. `indices`, (m,), are those of the hits' items in `items`.
    """

    offsets: NDArray[np.int64]
    ids: NDArray[np.int64]
    distances: Distances
    indices: NDArray[np.int64]
    items: ItemTexts

    @classmethod
    def of(cls, answers: Iterable[tuple[Sequence[Row], Distances]]) -> "BatchHits":
        """Return the hits of single answers: checked rows in order, and their distances, (n,)."""
        items, counts, ids, distances = ItemTexts(), [0], list[int](), [np.empty(0)]
        with gc_paused():
            for rows, row_distances in answers:
                items.add(rows)
                counts.append(len(rows))
                ids += [row.id for row in rows]
                distances.append(row_distances)
        return cls(np.cumsum(counts), np.array(ids, np.int64), np.concatenate(distances), np.arange(len(ids)), items)

    @classmethod
    def of_one(cls, rows: Sequence[Row], distances: Distances) -> "BatchHits":
        """Return the hits of a single query: checked rows in order, and their distances, (n,)."""
        items = ItemTexts()
        items.add(rows)
        count = len(rows)
        ids = np.array([row.id for row in rows], np.int64)
        return cls(np.array((0, count)), ids, distances, np.arange(count), items)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Return how many hits each query has, (nq,)."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int) -> list[Hit]: ...
    @overload
    def __getitem__(self, index: slice) -> "BatchHits": ...
    def __getitem__(self, index: int | slice) -> "list[Hit] | BatchHits":
        if isinstance(index, slice):
            return self._part(index)
        index = range(len(self))[index]
        part = slice(*self.offsets[index : index + 2].tolist())
        values = zip(self.ids[part].tolist(), self.distances[part].tolist(), self.indices[part].tolist(), strict=True)
        keys, labels, metadata = self.items.keys, self.items.labels, self.items.metadata
        return [
            Hit(rank, id, keys[item], labels[item], distance, metadata[item])
            for rank, (id, distance, item) in enumerate(values, start=1)
        ]

    def _part(self, part: slice) -> "BatchHits":
        counts = self.counts[part]
        offsets = np.concatenate(([0], np.cumsum(counts)))
        hits = np.arange(offsets[-1]) + np.repeat(self.offsets[:-1][part] - offsets[:-1], counts)
        return BatchHits(offsets, self.ids[hits], self.distances[hits], self.indices[hits], self.items)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    #: As a list.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))
