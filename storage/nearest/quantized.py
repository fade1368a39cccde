"""Decide when single queries are compared with 8-bit quantized vectors, and when to stop."""

import threading

import numpy as np
from numpy.typing import NDArray

from storage.nearest.faiss_sq8 import FaissSq8
from storage.nearest.index import Candidates
from storage.nearest.selection import Selection

#: Single queries before vectors are quantized for them, and the fewest failures before that is given up.
_FEW_QUERIES = 8

#: Up to so many bytes of vectors are read from the processor's cache, where quantizing them gains nothing.
CACHE_BYTES = 2**22

#: Above this many neighbours most of the time is spent on keeping them in order, not on reading vectors.
_MOST_NEIGHBOURS = 128

#: How many times more candidates are returned than requested, since quantization blurs which are nearest: at first, and
#: at most; the factor doubles whenever the candidates did not suffice.
_FIRST_FACTOR, _LARGEST_FACTOR = 5, 40

#: Never more candidates than this: keeping and ranking them would take longer than a matrix-vector product.
_MOST_CANDIDATES = 1024


class QuantizedSearch:
    """Candidates from the quantized vectors of one index, as long as most of them suffice for an exact answer."""

    def __init__(self) -> None:
        self._index: FaissSq8 | None = None
        self._pays = True
        self._building = threading.Lock()
        self._factor = _FIRST_FACTOR
        self._queries = self._failures = 0

    def candidates(
        self, vectors: NDArray[np.float32], query: NDArray[np.float32], count: int, selection: Selection | None = None
    ) -> Candidates | None:
        """Return candidates for a query, (dim,), or None where quantization does not pay.

        `vectors` is (n, dim), the same at each call; of them a selection is compared if one is given.
        """
        if not self._pays or count > _MOST_NEIGHBOURS or vectors.nbytes <= CACHE_BYTES:
            return None
        self._queries += 1
        if self._queries < _FEW_QUERIES:
            return None
        # A local name: another thread may give the index up at any moment.
        index = self._index or self._built(vectors)
        if index is None:
            return None
        wanted = min(count * self._factor, _MOST_CANDIDATES)
        if selection is None:
            return index.candidates(query, min(wanted, len(vectors)))
        return _of_selection(index, selection, query, count, wanted)

    def _built(self, vectors: NDArray[np.float32]) -> FaissSq8 | None:
        """Return the quantized vectors; None while another thread builds them, and when they do not pay."""
        if not self._building.acquire(blocking=False):
            return None
        try:
            if self._index is None and self._pays:
                self._index = FaissSq8.quantize(vectors)
                self._pays = self._index is not None
            return self._index
        finally:
            self._building.release()

    def record_failure(self) -> None:
        """Record that the quantized candidates did not suffice; give quantization up once most do not."""
        if self._factor < _LARGEST_FACTOR:
            self._factor *= 2
            return
        self._failures += 1
        if self._failures > max(_FEW_QUERIES, self._queries // 2):
            self._pays, self._index = False, None


def _of_selection(
    index: FaissSq8, selection: Selection, query: NDArray[np.float32], count: int, wanted: int
) -> Candidates:
    """Return `wanted` candidates of a selection, or at least `count`."""
    copy = selection.copied_from(index)
    if copy is not None:
        return copy.candidates(query, min(wanted, len(selection)))
    # Most often enough of so many more are selected; FAISS takes longer to look at each vector's bit.
    more = min(-(-wanted * len(selection.mask) // len(selection)), _MOST_CANDIDATES, len(selection.mask))
    candidates = index.candidates(query, more)
    positions = candidates.positions[selection.mask[candidates.positions]]
    if len(positions) >= count:
        return candidates._replace(positions=positions)
    return index.candidates(query, min(wanted, len(selection)), selection.bits)
