"""When vectors are rounded to bytes for the single queries of an index, and when that is given up again."""

import threading

import numpy as np
from numpy.typing import NDArray

from storage.nearest.faiss_sq8 import FaissSq8

#: Single queries before vectors are rounded for them; and as many for which that may fail.
_FEW_QUERIES = 8

#: Up to so many bytes of vectors are read as fast as they are.
NOT_ROUNDED = 2**23

#: With more neighbours than this most of the time goes into keeping them in order, not into reading the vectors.
_MOST_NEIGHBOURS = 128

#: How many times more positions are proposed, since rounding hides which of them are nearest: so many at first, twice
#: as many whenever that is not enough, and so many at most.
_TIMES_MORE, _MOST_TIMES_MORE = 5, 40

#: More positions than these are not proposed: to keep and compare them would take longer than a product.
_MOST_PROPOSED = 1024


class QuantizedSearch:
    """The vectors of one index rounded to bytes, as long as most answers come from them alone."""

    def __init__(self) -> None:
        self._bytes: FaissSq8 | None = None
        self._pays = True
        self._making = threading.Lock()
        self._times_more = _TIMES_MORE
        self._asked = self._in_vain = 0

    def proposed(
        self, vectors: NDArray[np.float32], query: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.int64], float] | None:
        """Return what is proposed for a query, as of a `VectorIndex`, or None where rounding does not pay.

        `vectors` is (n, dim), always the same; `query` is (dim,).
        """
        if not self._pays or count > _MOST_NEIGHBOURS or vectors.nbytes <= NOT_ROUNDED:
            return None
        self._asked += 1
        if self._asked < _FEW_QUERIES:
            return None
        # Another thread may give it up at any moment.
        rounded = self._bytes or self._made(vectors)
        wanted = min(count * self._times_more, _MOST_PROPOSED, len(vectors))
        return None if rounded is None else rounded.proposed(query, wanted)

    def _made(self, vectors: NDArray[np.float32]) -> FaissSq8 | None:
        """Return the vectors rounded, or None while another thread is at it, and when they are not to be."""
        if not self._making.acquire(blocking=False):
            return None
        try:
            if self._bytes is None and self._pays:
                self._bytes = FaissSq8.of(vectors)
                self._pays = self._bytes is not None
            return self._bytes
        finally:
            self._making.release()

    def failed(self) -> None:
        """Hear that the last proposal was not enough; when most are not, they cost more than they save."""
        if self._times_more < _MOST_TIMES_MORE:
            self._times_more *= 2
            return
        self._in_vain += 1
        if self._in_vain > max(_FEW_QUERIES, self._asked // 2):
            self._pays, self._bytes = False, None
