"""Vectors rounded to a byte a number: a quarter of the memory to read, and a bound on what that hides.

A vector x becomes the whole numbers c nearest to x / scale, with one scale for all: it is moved by |x - scale * c|. By
the triangle inequality the distance of two rounded vectors is off by no more than both were moved. FAISS compares bytes
with a rounded query in whole numbers, on several threads when the bytes lie in several lists.
"""

import math
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from storage.nearest.error_bounds import longest, squared_distance_error

#: What a signed byte holds to both sides.
_MOST = 127

#: FAISS compares whole numbers where there are so many; others are filled up with zeros.
_WIDTH = 64

#: Vectors that would grow by more than this are not rounded.
_FILLED_UP = 1.5

#: Below this the multiples of a scale may have fewer digits than float32 has for larger numbers.
_LEAST_SCALE = 2.0**-100

#: Vectors in a list at least: fewer take longer to hand to another thread than to compare.
_LEAST_IN_LIST = 8192

#: Vectors rounded at once: what a cache holds.
_BLOCK = 4096

#: Covers the few roundings of float64 in a bound.
_SLACK = 2.0**-40


class FaissSq8:
    """8-bit quantized vectors in a `faiss.IndexIVFScalarQuantizer`: every list is searched, each by a thread."""

    @classmethod
    def of(cls, vectors: NDArray[np.float32]) -> "FaissSq8 | None":
        """Return vectors, (n, dim), rounded, or None for those that bytes do not suit: short, tiny, or all zeros."""
        dim = vectors.shape[1]
        scale = _scale_of(vectors)
        if _width(dim) > dim * _FILLED_UP or scale < _LEAST_SCALE:
            return None
        return cls(vectors, scale)

    def __init__(self, vectors: NDArray[np.float32], scale: np.float32) -> None:
        self._dim = vectors.shape[1]
        self._scale = scale
        lists = max(1, min(faiss.omp_get_max_threads(), len(vectors) // _LEAST_IN_LIST))
        width = _width(self._dim)
        # FAISS wants to know where each list's vectors lie around, which nothing here depends on.
        centres = faiss.IndexFlatL2(width)
        centres.add(np.zeros((lists, width), np.float32))
        # Its stub knows the C++ signatures only.
        self._index: Any = faiss.IndexIVFScalarQuantizer(
            centres, width, lists, faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_L2
        )
        self._index.by_residual, self._index.is_trained, self._index.parallel_mode = False, True, 1
        self._index.nprobe = lists
        self._lists = np.arange(lists, dtype=np.int64)[np.newaxis], np.zeros((1, lists), np.float32)
        moved = largest = 0.0
        for start in range(0, len(vectors), _BLOCK):
            rounded, rest = self._rounded(vectors[start : start + _BLOCK])
            moved = max(moved, float(np.einsum("ij,ij->i", rest, rest).max()))
            largest = max(largest, float(np.einsum("ij,ij->i", rounded, rounded).max()))
            places = np.arange(start, start + len(rounded)) * lists // len(vectors)
            self._index.add_core(len(rounded), faiss.swig_ptr(rounded), None, faiss.swig_ptr(places))
        self._largest = largest
        self._moved = longest(moved, self._dim)

    def _rounded(self, vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return vectors, (n, dim), as whole numbers, (n, width), and by how much each number was moved, (n, dim)."""
        rounded = np.zeros((len(vectors), self._index.d), np.float32)
        whole = rounded[:, : self._dim]
        with np.errstate(over="ignore"):
            np.rint(vectors / self._scale, out=whole)
        np.minimum(np.maximum(whole, -_MOST, out=whole), _MOST, out=whole)
        # Exact for what is not beyond a byte: the scale has so few digits that float32 holds its multiples.
        return rounded, np.subtract(vectors, whole * self._scale, dtype=np.float32)

    def proposed(self, query: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], float]:
        """Return the `count` positions that seem nearest to a query, (dim,), and what all others are beyond.

        As of a `VectorIndex`: no other vector's squared distance is below that number.
        """
        rounded, rest = self._rounded(query[np.newaxis])
        squared, positions = self._index.search_preassigned(rounded, count, *self._lists)
        error = squared_distance_error(float(np.vdot(rounded, rounded)), self._index.d, self._largest)
        apart = math.sqrt(max(float(squared[0, -1]) - error, 0.0)) * float(self._scale) * (1 - _SLACK)
        moved = self._moved + longest(float(np.vdot(rest, rest)), self._dim)
        beyond = max(apart - moved * (1 + _SLACK), 0.0) ** 2 * (1 - _SLACK)
        return positions[0], beyond if positions[0, -1] >= 0 else -math.inf


def _width(dim: int) -> int:
    return -(-dim // _WIDTH) * _WIDTH


def _scale_of(vectors: NDArray[np.float32]) -> np.float32:
    """Return a scale by which every number becomes a byte, of 16 binary digits."""
    most = max(float(vectors.max()), -float(vectors.min()))
    fraction, exponent = math.frexp(most / _MOST)
    return np.float32(math.ldexp(math.ceil(fraction * 2**16), exponent - 16))
