"""Decide when batches are searched by products of bfloat16 vectors, and when to stop."""

import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from storage.nearest.bfloat16_search import Bfloat16Search

#: Queries in batches before vectors are rounded for them, which takes as long as is saved on as many.
_FEW_QUERIES = 1024

#: Vectors for each of the nearest, and dimensions, from which this is faster than FAISS: among fewer vectors a radius
#: that holds the nearest holds many others, and with fewer dimensions comparing bounds takes as long, but FAISS less.
_VECTORS_PER_RESULT, _FEWEST_DIMENSIONS = 512, 64


class BatchSearch:
    """A `Bfloat16Search` of the vectors of one index, as long as it answers most queries."""

    def __init__(self) -> None:
        self._search: Bfloat16Search | None = None
        self._pays = True
        self._building = threading.Lock()
        self._queries = 0

    def prepared(self, vectors: NDArray[np.float32], queries: int, count: int) -> "Bfloat16Search | None":
        """Return the search for the `count` nearest of so many more queries, or None where it does not pay.

        It pays where the processor has instructions for bfloat16. `vectors` is (n, dim), the same at each call.
        """
        if not self._pays or not _pays(len(vectors), vectors.shape[1], count):
            return None
        self._queries += queries
        if self._queries < _FEW_QUERIES:
            return None
        with self._building:
            if self._search is None and self._pays:
                self._search = _prepare(vectors)
                self._pays = self._search is not None
            return self._search

    def record_failures(self, failed: int, queries: int) -> None:
        """Record how many of a batch's queries were given up; give the search up once most of a batch are."""
        if failed > queries // 2:
            self._pays, self._search = False, None


def batch_engine(vectors: int, dim: int, k: int) -> str:
    """Return by what this processor compares many queries with so many vectors, once there were some hundred."""
    from storage.nearest.bfloat16_groups import supported

    return "numkong, bfloat16" if _pays(vectors, dim, k) and supported() else "FAISS, float32"


def _pays(vectors: int, dim: int, count: int) -> bool:
    return dim >= _FEWEST_DIMENSIONS and vectors >= count * _VECTORS_PER_RESULT


def _prepare(vectors: NDArray[np.float32]) -> "Bfloat16Search | None":
    # Imported here: a process of few queries does without numkong.
    from storage.nearest.bfloat16_groups import supported
    from storage.nearest.bfloat16_search import Bfloat16Search

    return Bfloat16Search.of(vectors) if supported() else None
