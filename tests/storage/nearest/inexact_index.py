"""An index whose errors are as large as its bounds allow."""

from collections.abc import Iterator

import numpy as np

from storage.nearest.index import BatchCandidates, Candidates
from tests.storage.nearest.hard_vectors import Floats


class InexactIndex:
    """A `VectorIndex` whose squared distances are wrong by `error`, up or down at random."""

    def __init__(self, vectors: Floats, error: float, seed: int) -> None:
        self._vectors, self._error, self._generator = vectors, error, np.random.default_rng(seed)

    @property
    def dim(self) -> int:
        return int(self._vectors.shape[1])

    def __len__(self) -> int:
        return len(self._vectors)

    def vectors(self) -> Floats:
        return self._vectors

    def squared_distances(self, queries: Floats) -> Floats:
        """Return wrong squared distances, (nq, n)."""
        true = np.square(self._vectors.astype(np.float64)[np.newaxis] - queries[:, np.newaxis]).sum(axis=2)
        errors = np.where(self._generator.random(true.shape) < 0.5, -1.0, 1.0) * self._error
        return np.asarray(true + errors, np.float32)

    @property
    def error_bound(self) -> float:
        return self._error * (1 + 1e-6) + 1e-6

    def range_candidates(self, queries: Floats, radius: float) -> Iterator[tuple[slice, BatchCandidates]]:
        rows, positions = (self.squared_distances(queries) <= radius * radius + self.error_bound).nonzero()
        yield slice(0, len(queries)), BatchCandidates(rows, positions, np.full(len(queries), np.inf))

    def candidates(self, query: Floats, count: int, insufficient: Candidates | None = None) -> Candidates | None:
        """Return half of the requested candidates first, then all of them, then None."""
        if insufficient is not None and not insufficient.quantized:
            return None
        halved = insufficient is None and count > 1
        ((_, candidates),) = self.candidates_in_parts(query[np.newaxis], count // 2 if halved else count)
        return Candidates(candidates.positions, float(candidates.lower_bounds[0]), quantized=halved)

    def candidates_in_parts(self, queries: Floats, count: int) -> Iterator[tuple[slice, BatchCandidates]]:
        for start in range(0, len(queries), 2):
            part = slice(start, start + 2)
            squared = self.squared_distances(queries[part])
            positions = np.argsort(squared, axis=1)[:, :count]
            lower_bounds = np.full(len(positions), np.inf)
            if count < len(self):
                lower_bounds = np.take_along_axis(squared, positions, axis=1)[:, -1] - self.error_bound
            rows = np.repeat(np.arange(len(positions)), positions.shape[1])
            yield part, BatchCandidates(rows, positions.ravel(), lower_bounds)
