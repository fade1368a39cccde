"""Some of an index's vectors, as a filter selects them, at the positions that they have among all.

A small selection is copied. A large one is searched where it is by the first single queries, about as fast as without a
filter: the product over all vectors adds an infinite norm to those that are not selected, and FAISS skips them among
the quantized. Later queries are compared with a copy of its quantized vectors.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from storage.nearest.faiss_flat import FaissFlat
from storage.nearest.index import BatchCandidates, Candidates
from storage.nearest.selection import Selection

#: Selections of no more than this part of the vectors are copied.
_COPIED_PART = 16


class SelectedIndex:
    """A `VectorIndex` of the vectors of a `FaissFlat` that a mask, (n,) bool, selects."""

    def __init__(self, index: FaissFlat, mask: NDArray[np.bool_]) -> None:
        self._all = index
        self._mask = mask
        self._positions = np.flatnonzero(mask)
        self._is_copied = len(self._positions) * _COPIED_PART <= len(index)

    @property
    def dim(self) -> int:
        """Return the number of dimensions."""
        return self._all.dim

    @property
    def fits_cache(self) -> bool:
        """Return whether the vectors to be searched fit a processor's cache."""
        return (self._copy if self._is_copied else self._all).fits_cache

    @property
    def nbytes(self) -> int:
        """Return the bytes that the selection takes beside all vectors."""
        is_copied = self._is_copied or "_copy" in self.__dict__
        return self._selection.nbytes + (self._copy.vectors().nbytes if is_copied else 0)

    def __len__(self) -> int:
        """Return the number of selected vectors."""
        return len(self._positions)

    def vectors(self) -> NDArray[np.float32]:
        """Return all vectors, (n, dim) float32, selected or not."""
        return self._all.vectors()

    def candidates(
        self, query: NDArray[np.float32], count: int, insufficient: Candidates | None = None
    ) -> Candidates | None:
        """Return at least `count` candidates for a query, (dim,), in the end every selected vector."""
        if insufficient is not None and insufficient.lower_bound == np.inf:
            return None
        if self._is_copied:
            candidates = self._copy.candidates(query, count, insufficient)
            if candidates is not None:
                candidates = candidates._replace(positions=self._positions[candidates.positions])
        elif insufficient is None and count >= len(self):
            candidates = None
        else:
            candidates = self._all.candidates_among(self._selection, query, count, insufficient)
        return candidates or Candidates(self._positions, np.inf)

    def candidates_in_parts(self, queries: NDArray[np.float32], count: int) -> Iterator[tuple[slice, BatchCandidates]]:
        """Yield candidates for the `count` nearest of each query, (nq, dim), a slice of them after the other."""
        for part, found in self._copy.candidates_in_parts(queries, count):
            yield part, found._replace(positions=self._positions[found.positions])

    def range_candidates(self, queries: NDArray[np.float32], radius: float) -> Iterator[tuple[slice, BatchCandidates]]:
        """Yield all that may lie within a radius of each query, (nq, dim), a slice of them after the other."""
        if self._is_copied:
            for part, found in self._copy.range_candidates(queries, radius):
                yield part, found._replace(positions=self._positions[found.positions])
            return
        for part, found in self._all.range_candidates(queries, radius):
            selected = self._mask[found.positions]
            yield part, found._replace(rows=found.rows[selected], positions=found.positions[selected])

    @cached_property
    def _copy(self) -> FaissFlat:
        return self._all.part(self._positions)

    @cached_property
    def _selection(self) -> Selection:
        return Selection(self._mask, self._positions, self._all.squared_norms())
