"""An index that errs as far as it may."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tests.storage.nearest.hard_vectors import Floats


class Wrong:
    """An index that is wrong by as much as it says it can be."""

    def __init__(self, vectors: Floats, by: float, seed: int) -> None:
        self._vectors, self._by, self._generator = vectors, by, np.random.default_rng(seed)

    @property
    def dim(self) -> int:
        return int(self._vectors.shape[1])

    def __len__(self) -> int:
        return len(self._vectors)

    def vectors(self) -> Floats:
        return self._vectors

    def claimed(self, queries: Floats) -> Floats:
        """Return squared distances, (nq, n), each nearer or farther by all that the bound allows."""
        true = np.square(self._vectors.astype(np.float64)[np.newaxis] - queries[:, np.newaxis]).sum(axis=2)
        errors = np.where(self._generator.random(true.shape) < 0.5, -1.0, 1.0) * self._by
        return np.asarray(true + errors, np.float32)

    @property
    def bound(self) -> float:
        return self._by * (1 + 1e-6) + 1e-6

    def around(self, queries: Floats, limit: float) -> list[NDArray[np.int64]]:
        return [np.flatnonzero(row <= limit + self.bound) for row in self.claimed(queries)]

    def proposals(self, query: Floats, count: int) -> Iterator[tuple[NDArray[np.int64], float]]:
        for width in (count // 2, count):
            if width:
                (_, positions, beyond), *_ = self.proposed_by_part(query[np.newaxis], width)
                yield positions[0], float(beyond[0])

    def proposed_by_part(
        self, queries: Floats, count: int
    ) -> Iterator[tuple[slice, NDArray[np.int64], NDArray[np.float64]]]:
        for start in range(0, len(queries), 2):
            part = slice(start, start + 2)
            claimed = self.claimed(queries[part])
            order = np.argsort(claimed, axis=1)[:, :count]
            beyond = np.full(len(order), np.inf)
            if count < len(self):
                beyond = np.take_along_axis(claimed, order, axis=1)[:, -1] - self.bound
            yield part, order, beyond
