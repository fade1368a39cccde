"""The answers to many queries as arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]
Distances = NDArray[np.float64]

#: Positions and Euclidean distances, (n,) each, by distance, then position.
Answer = tuple[Positions, Distances]

NO_POSITIONS: Positions = np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers to queries, one after the other: query i has those from `offsets[i]` to `offsets[i + 1]`.

    `offsets` is (nq + 1,) int64; `positions` and `distances` are (m,), ordered as in an `Answer`.
    """

    offsets: NDArray[np.int64]
    positions: Positions
    distances: Distances

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> "Answers":
        """Return single answers as one object."""
        positions = [NO_POSITIONS, *(positions for positions, _ in answers)]
        distances = [np.empty(0), *(distances for _, distances in answers)]
        offsets = np.cumsum([len(each) for each in positions])
        return cls(offsets, np.concatenate(positions), np.concatenate(distances))

    @classmethod
    def ranked(
        cls, count: int, rows: NDArray[np.int64], positions: Positions, distances: Distances, k: int | None = None
    ) -> "Answers":
        """Return the k nearest of each of `count` queries, or all, from pairs of a query's row and a position, (m,)."""
        order = np.lexsort((positions, distances, rows))
        counts = np.bincount(rows, minlength=count)
        if k is not None and counts.max(initial=0) > k:
            starts = np.cumsum(counts) - counts
            order = order[np.arange(len(order)) - np.repeat(starts, counts) < k]
            counts = np.minimum(counts, k)
        offsets = np.concatenate(([0], np.cumsum(counts)))
        return cls(offsets, positions[order], distances[order])

    @classmethod
    def joined(cls, parts: Sequence["Answers"]) -> "Answers":
        """Return the answers of several batches as those of one."""
        if len(parts) == 1:
            return parts[0]
        counts = np.concatenate([np.empty(0, np.int64), *(np.diff(part.offsets) for part in parts)])
        return cls(
            np.concatenate(([0], np.cumsum(counts))),
            np.concatenate([NO_POSITIONS, *(part.positions for part in parts)]),
            np.concatenate([np.empty(0), *(part.distances for part in parts)]),
        )

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> Answer:
        part = slice(*self.offsets[row : row + 2].tolist())
        return self.positions[part], self.distances[part]

    def __iter__(self) -> Iterator[Answer]:
        return map(self.__getitem__, range(len(self)))
