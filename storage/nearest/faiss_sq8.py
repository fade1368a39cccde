"""8-bit quantized vectors: a quarter of the memory to read, and a bound on the error.

A vector x becomes the integers c nearest to x / scale, with one scale for all: its residual is x - scale * c. By the
triangle inequality the distance of two quantized vectors is off by no more than the norms of both residuals. FAISS
compares bytes with a quantized query in integers.

The vectors are dealt out to lists in turn, so that each list has about the same share of a query's nearest, whatever
the order of the vectors. The lists are searched one by one, on several threads (`shared_parts.py`).
"""

import copy
import math
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from storage.nearest.error_bounds import norm_bound, squared_distance_error
from storage.nearest.index import Candidates
from storage.nearest.shared_parts import WORKERS

#: The largest magnitude of a code: what a signed byte holds on both sides of 0.
_LARGEST_CODE = 127

#: FAISS compares integers where the width is a multiple of this; codes are padded with zeros.
_WIDTH = 64

#: Vectors that padding would lengthen by more than this factor are not quantized.
_MOST_PADDING = 1.5

#: Below this scale its multiples may have fewer digits than float32 has for larger numbers.
_SMALLEST_SCALE = 2.0**-100

#: The fewest bytes in a list, which take a thread 0.1 ms or more: for less, to wake another thread costs what it gains.
#: And the most lists for each thread, so that what is computed in vain at the end is a small part of the whole.
_SMALLEST_LIST, _MOST_LISTS = 2**22, 8

#: Vectors quantized at once: what a cache holds.
_BLOCK = 4096

#: Covers the few float64 roundings of a bound.
_SLACK = 2.0**-40


class FaissSq8:
    """8-bit quantized vectors in a `faiss.IndexIVFScalarQuantizer`, of which every list is searched."""

    @classmethod
    def quantize(cls, vectors: NDArray[np.float32]) -> "FaissSq8 | None":
        """Return vectors, (n, dim), quantized; None for those that bytes do not suit: short, tiny, or all zeros."""
        dim = vectors.shape[1]
        scale = _scale_of(vectors)
        if _padded(dim) > dim * _MOST_PADDING or scale < _SMALLEST_SCALE:
            return None
        return cls(vectors, scale)

    def __init__(self, vectors: NDArray[np.float32], scale: np.float32) -> None:
        self._dim = vectors.shape[1]
        self._scale = scale
        self._index = _empty_index(_padded(self._dim), len(vectors))
        squared_residual = squared_code = 0.0
        for start in range(0, len(vectors), _BLOCK):
            codes, residuals = self._quantized(vectors[start : start + _BLOCK])
            squared_residual = max(squared_residual, float(np.einsum("ij,ij->i", residuals, residuals).max()))
            squared_code = max(squared_code, float(np.einsum("ij,ij->i", codes, codes).max()))
            list_numbers = np.arange(start, start + len(codes)) % self._index.nlist
            self._index.add_core(len(codes), faiss.swig_ptr(codes), None, faiss.swig_ptr(list_numbers))
        self._largest_squared_code = squared_code
        self._residual_norm = norm_bound(squared_residual, self._dim)

    def part(self, positions: NDArray[np.int64]) -> "FaissSq8":
        """Return a copy of the quantized vectors at positions, (m,) ascending, which keep their positions."""
        part = copy.copy(self)
        part._index = _empty_index(self._index.d, len(positions))
        codes, lists = self._codes(positions), part._index.nlist
        for number in range(lists):
            list_positions, list_codes = positions[number::lists].copy(), codes[number::lists].copy()
            pointers = faiss.swig_ptr(list_positions), faiss.swig_ptr(list_codes)
            part._index.invlists.add_entries(number, len(list_positions), *pointers)
        part._index.ntotal = len(positions)
        return part

    def _codes(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the bytes of the quantized vectors at positions, (m,), as FAISS keeps them, (m, width)."""
        lists, width = self._index.invlists, self._index.code_size
        codes = np.empty((len(positions), width), np.uint8)
        offsets, list_numbers = np.divmod(positions, self._index.nlist)
        for number in range(self._index.nlist):
            size, listed = lists.list_size(number), list_numbers == number
            list_codes = faiss.rev_swig_ptr(lists.get_codes(number), size * width).reshape(size, width)
            codes[listed] = list_codes[offsets[listed]]
        return codes

    @property
    def nbytes(self) -> int:
        """Return the bytes that the vectors and their positions take."""
        return int(self._index.ntotal * (self._index.code_size + 8))

    def _quantized(self, vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the codes of vectors, (n, dim): integers as float32, (n, width); and their residuals, (n, dim)."""
        padded = np.zeros((len(vectors), self._index.d), np.float32)
        codes = padded[:, : self._dim]
        with np.errstate(over="ignore"):
            np.rint(vectors / self._scale, out=codes)
        np.minimum(np.maximum(codes, -_LARGEST_CODE, out=codes), _LARGEST_CODE, out=codes)
        # Exact for what a byte can hold: the scale has so few digits that float32 holds its multiples.
        return padded, np.subtract(vectors, codes * self._scale, dtype=np.float32)

    def candidates(self, query: NDArray[np.float32], count: int, bits: NDArray[np.uint8] | None = None) -> Candidates:
        """Return the `count` candidates nearest to a query, (dim,), by quantized distance.

        `bits`, the first in the lowest of each byte, select the positions that are compared.
        """
        code, residual = self._quantized(query[np.newaxis])
        positions, bound = self._nearest(code, count, bits)
        error = squared_distance_error(float(np.vdot(code, code)), self._index.d, self._largest_squared_code)
        distance = math.sqrt(max(bound - error, 0.0)) * float(self._scale) * (1 - _SLACK)
        residual_norms = self._residual_norm + norm_bound(float(np.vdot(residual, residual)), self._dim)
        lower_bound = max(distance - residual_norms * (1 + _SLACK), 0.0) ** 2 * (1 - _SLACK)
        return Candidates(positions, lower_bound if positions.min() >= 0 else -math.inf, quantized=True)

    def _nearest(
        self, code: NDArray[np.float32], count: int, bits: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.int64], float]:
        """Return the `count` positions nearest to a code, (1, width), and a squared distance that no other is below."""
        lists = self._index.nlist
        share = count / lists
        # Shares differ by chance, by about the root of their mean. Which vectors are selected need not be by chance.
        most = count if bits is not None else min(count, math.ceil(share + 2 * math.sqrt(share)) + 2)
        query, numbers, distance = faiss.swig_ptr(code), np.arange(lists), np.zeros(1, np.float32)

        def search(number: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
            squared, positions = np.empty(most, np.float32), np.empty(most, np.int64)
            pointers = [faiss.swig_ptr(array) for array in (numbers[number:], distance, squared, positions)]
            parameters = None if bits is None else self._parameters(bits)
            # Its wrapper in Python takes no parameters.
            self._index.search_preassigned_c(1, query, most, *pointers, False, parameters)
            return squared, positions

        found = WORKERS.compute(search, lists, faiss.omp_get_max_threads())
        if lists == 1:
            ((squared, positions),) = found
            return positions, float(squared[-1])
        squared, positions = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        order = squared.argsort()[:count]
        return positions[order], float(min(squared[order[-1]], *(each[-1] for each, _ in found)))

    def _parameters(self, bits: NDArray[np.uint8]) -> Any:
        """Return the parameters of one search, which threads cannot share."""
        selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
        parameters: Any = faiss.SearchParametersIVF
        return parameters(nprobe=self._index.nprobe, sel=selector)


def _empty_index(width: int, count: int) -> Any:
    """Return an index for `count` vectors, with lists that are searched one by one."""
    lists = max(1, min(_MOST_LISTS * faiss.omp_get_max_threads(), count * width // _SMALLEST_LIST))
    # FAISS needs a centroid for each list. The lists are chosen, so the centroids have no influence.
    centroids = faiss.IndexFlatL2(width)
    centroids.add(np.zeros((lists, width), np.float32))
    # Its stub knows the C++ signatures only.
    index: Any = faiss.IndexIVFScalarQuantizer(
        centroids, width, lists, faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_L2
    )
    index.by_residual, index.is_trained, index.nprobe = False, True, 1
    return index


def _padded(dim: int) -> int:
    return -(-dim // _WIDTH) * _WIDTH


def _scale_of(vectors: NDArray[np.float32]) -> np.float32:
    """Return a scale of 16 binary digits by which every number becomes a byte."""
    largest = max(float(vectors.max()), -float(vectors.min()))
    fraction, exponent = math.frexp(largest / _LARGEST_CODE)
    return np.float32(math.ldexp(math.ceil(fraction * 2**16), exponent - 16))
