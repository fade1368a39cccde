"""Vectors rounded to bfloat16, in groups of which products with queries keep only the largest.

A vector, less the mean of all, is rounded to the nearest vector of bfloat16 numbers; what rounding takes away is its
residual. `numkong` multiplies such vectors where the processor has instructions for it, twice as fast as float32:
https://github.com/ashvardanian/NumKong

The vectors are taken in the order of their norms. Eight in a row are a group, and eight groups in a row a cell: their
norms and residuals are nearly equal, so that one bound does for all.
"""

from typing import NamedTuple

import numkong
import numpy as np
from numpy.typing import NDArray

from storage.nearest.answers import Positions
from storage.nearest.error_bounds import SMALLEST_NORMAL

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: Vectors of a group, groups of a cell, and vectors of a cell.
GROUP = 8
GROUPS = 8
CELL = GROUP * GROUPS

#: Covers the few float32 roundings of a bound.
INFLATED = 1 + 2.0**-19

#: The norm below which no sum of products can overflow float32.
LARGEST_NORM = 2.0**60

#: Cells of a segment, which is multiplied a piece at a time: what a piece's products take fits a core's cache.
_SEGMENT = 240

#: Vectors rounded at once.
_BLOCK = 16_384


class RoundedQueries(NamedTuple):
    """Queries packed to be multiplied.

    `squares`, (nq, 1) float32, are their squared norms, `residuals`, (nq,) float64, the norms of their residuals.
    Queries that are too long are 0 and not `multiplied`, (nq,) bool.
    """

    packed: numkong.PackedMatrix
    squares: Floats
    residuals: Doubles
    multiplied: NDArray[np.bool_]


class _Segment(NamedTuple):
    """Cells in a row: piece g has group g of each, first vector 0 of each group, then vector 1, and so on."""

    first: int
    cells: int
    pieces: list[numkong.Tensor]


class Bfloat16Groups:
    """The groups of vectors, (n, dim) float32: 2 bytes for each number and 20 for each vector.

    `order`, (cells * 64,), has the vectors' positions, cell by cell and group by group; where the last cell is not
    full it is -1. Of each cell `residuals` and `norms`, (cells,) float32, are the largest of its vectors, and `spread`
    is by how much |x|^2 differs in a group at most. `rows`, (cells, 8), are those of its groups in `low_bounds`.
    """

    def __init__(self, vectors: Floats) -> None:
        count, self.dim = vectors.shape
        self._centre = vectors.mean(axis=0, dtype=np.float64)
        norms = [row_norms(vectors[start : start + _BLOCK] - self._centre) for start in range(0, count, _BLOCK)]
        order = np.argsort(np.concatenate(norms), kind="stable")
        self.cells = -(-count // CELL)
        missing = self.cells * CELL - count
        self.order = np.concatenate((order, np.full(missing, -1)))
        # The last cell is filled up with its last vector: a cell's bounds count for one vector only.
        positions = np.concatenate((order, np.full(missing, order[-1]))).reshape(self.cells, GROUPS, GROUP)
        self.residuals, self.norms, self.spread = np.zeros((3, self.cells), np.float32)
        self.rows = np.empty((self.cells, GROUPS), np.int64)
        self._halves = np.empty(self.cells * GROUPS, np.float32)
        self._segments = [
            self._segment(vectors, positions[first : first + _SEGMENT], first)
            for first in range(0, self.cells, _SEGMENT)
        ]

    def _segment(self, vectors: Floats, positions: Positions, first: int) -> _Segment:
        """Round and pack the cells that hold these positions, (cells, groups of a cell, vectors of a group)."""
        count, pieces = len(positions), []
        rows = np.arange(first * GROUPS, (first + count) * GROUPS).reshape(GROUPS, count)
        self.rows[first : first + count] = rows.T
        for group in range(GROUPS):
            centred = vectors[positions[:, group].T.ravel()] - self._centre
            piece, rounded = _rounded(centred)
            pieces.append(piece)
            squares = np.einsum("ij,ij->i", rounded, rounded).reshape(GROUP, count)
            smallest, largest = squares.min(axis=0), squares.max(axis=0)
            self._halves[rows[group]] = smallest / 2
            residuals = row_norms(centred - rounded).reshape(GROUP, count).max(axis=0)
            bounds = (self.residuals, residuals), (self.norms, np.sqrt(largest)), (self.spread, largest - smallest)
            for bound, values in bounds:
                own = bound[first : first + count]
                np.maximum(own, (values * INFLATED).astype(np.float32), out=own)
        return _Segment(first, count, pieces)

    def rounded(self, queries: Floats) -> RoundedQueries:
        """Return queries, (nq, dim), rounded as the vectors are."""
        centred = queries - self._centre
        multiplied = row_norms(centred) < LARGEST_NORM
        centred[~multiplied] = 0
        tensor, rounded = _rounded(centred)
        squares = np.einsum("ij,ij->i", rounded, rounded)[:, np.newaxis].astype(np.float32)
        return RoundedQueries(numkong.dots_pack(tensor), squares, row_norms(centred - rounded), multiplied)

    def low_bounds(self, queries: numkong.PackedMatrix, low: Floats) -> Floats:
        """Return low bounds on |x|^2 / 2 - qx for the vectors of each cell and queries q, (nq, cells).

        Those for the vectors of each group are written to `low`, (groups, nq).
        """
        count = low.shape[1]
        cells = np.empty((self.cells, count), np.float32)
        products: dict[int, numkong.Tensor] = {}
        for first, width, pieces in self._segments:
            if width not in products:
                products[width] = numkong.empty((GROUP * width, count))
            strips = np.asarray(products[width]).reshape(GROUP, width, count)
            segment = slice(first * GROUPS, (first + width) * GROUPS)
            groups = low[segment].reshape(GROUPS, width, count)
            for piece, largest in zip(pieces, groups, strict=True):
                numkong.dots_packed(piece, queries, out=products[width])
                np.maximum.reduce(strips, axis=0, out=largest)
            np.subtract(self._halves[segment, np.newaxis], low[segment], out=low[segment])
            np.minimum.reduce(groups, axis=0, out=cells[first : first + width])
        return np.ascontiguousarray(cells.T)


def supported() -> bool:
    """Return whether the processor has AVX512-BF16, as all have that have AMX. Without it FAISS is as fast."""
    return bool(numkong.get_capabilities()["genoa"])


def row_norms(vectors: Doubles) -> Doubles:
    """Return the norm of each vector, (n,)."""
    norms: Doubles = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return norms


def _rounded(vectors: Doubles) -> tuple[numkong.Tensor, Doubles]:
    """Return vectors as bfloat16, and these in float64. What products would take for 0 becomes 0."""
    normal = np.where(np.abs(vectors) < SMALLEST_NORMAL, 0, vectors).astype(np.float32)
    tensor = numkong.Tensor(normal).astype("bfloat16")
    return tensor, np.asarray(tensor.astype("float32"), np.float64)
