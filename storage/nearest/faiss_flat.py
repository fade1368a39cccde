"""The flat-L2 index of FAISS.

A flat index file is a header and the raw vectors. It is read straight into the index's own memory, after the
header was compared with the expected one: FAISS's reader trusts the sizes that a file claims.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import faiss
import numpy as np
from numpy.typing import NDArray

from storage.nearest.batch_search import BatchSearch
from storage.nearest.error_bounds import SLACK, squared_distance_error
from storage.nearest.faiss_threads import search_in_parts
from storage.nearest.index import MARGIN, BatchCandidates, Candidates
from storage.nearest.polling_lock import PollingLock
from storage.nearest.quantized import CACHE_BYTES, QuantizedSearch
from storage.nearest.selection import Selection
from storage.nearest.top_k import smallest

#: fourcc, dim, count, two fields FAISS no longer uses, trained, metric (1 is L2), floats that follow.
#: The layout is `write_index_header` and `WRITEXBVECTOR` in FAISS's impl/index_write.cpp.
_HEADER = struct.Struct("<4siqqq?iq")
_UNUSED = 1 << 20
_L2 = 1

HEADER_SIZE = _HEADER.size

FAISS_VERSION = str(faiss.__version__)

#: FAISS multiplies matrices from so many queries times dimensions on, and compares pair by pair below. Its default is
#: 128,000 since 1.15 (facebookresearch/faiss, wiki, "Implementation notes"), where a product takes a fifth of the time.
faiss.cvar.distance_compute_blas_threshold = 2048

#: Rows moved or read at once, to keep copies small beside the index.
_BLOCK = 65_536

#: Block of vectors compared with all queries in a range search.
_RANGE_BLOCK = 8192

#: BLAS has one set of threads for the process: two products at once would wait for each other by spinning.
_PRODUCTS = PollingLock()


class FaissFlat:
    """A `VectorIndex` over `faiss.IndexFlatL2`, whose memory is NumPy's.

    NumPy asks the system for huge pages, which FAISS does not: a product with a million vectors of 128 dimensions takes
    two thirds of the time in them, and the vectors are read into them sooner.
    https://numpy.org/doc/stable/reference/global_state.html#madvise-hugepage-on-linux
    """

    def __init__(self, dim: int) -> None:
        # Its stub knows too few of the C++ members.
        self._index: Any = faiss.IndexFlatL2(dim)
        self._memory = np.empty((0, dim), np.float32)
        self._vectors = self._memory
        self._norms: NDArray[np.float32] | None = None
        self._largest: float | None = None
        self._quantized, self._batches = QuantizedSearch(), BatchSearch()

    @property
    def dim(self) -> int:
        """Return the number of dimensions."""
        return int(self._index.d)

    @property
    def fits_cache(self) -> bool:
        """Return whether the vectors fit a processor's cache: a search then takes less time than Python's share."""
        return self.vectors().nbytes <= CACHE_BYTES

    def __len__(self) -> int:
        """Return the number of vectors."""
        return int(self._index.ntotal)

    def vectors(self) -> NDArray[np.float32]:
        """Return the index's own memory, (n, dim) float32; valid until the index changes, even after its deletion."""
        return self._vectors

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Append (n, dim) float32 vectors at the next positions."""
        count = len(self)
        self._resize(count + len(vectors))
        self._vectors[count:] = vectors

    def reserve(self, count: int) -> None:
        """Get the memory for so many vectors, so that none is moved while they are added."""
        memory = np.empty((max(count, len(self)), self.dim), np.float32)
        memory[: len(self)] = self._vectors
        self._memory = memory
        self._resize(len(self))

    def part(self, positions: NDArray[np.int64]) -> "FaissFlat":
        """Return a copy of the vectors at positions, (m,), in their order."""
        part = FaissFlat(self.dim)
        part._resize(len(positions))
        # Straight into its memory, which is not small.
        np.take(self.vectors(), positions, axis=0, out=part.vectors(), mode="clip")
        return part

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Drop the vectors where the mask, (n,) bool, is false; the others close up in order."""
        vectors = self.vectors()
        count = 0
        for start in range(0, len(self), _BLOCK):
            block = vectors[start : start + _BLOCK][mask[start : start + _BLOCK]]
            vectors[count : count + len(block)] = block
            count += len(block)
        self._resize(count)

    def _resize(self, count: int) -> None:
        """Make this the number of vectors; new ones have any values."""
        if count > len(self._memory):
            self.reserve(max(count, len(self) * 3 // 2))
        self._vectors = self._memory[:count]
        data = self._vectors.reshape(-1).view(np.uint8)
        view = faiss.MaybeOwnedVectorUInt8.create_view(  # type: ignore[attr-defined]
            faiss.swig_ptr(data), data.nbytes, self._index.codes.owner
        )
        self._index.codes, self._index.ntotal = view, count
        # Everything derived from the vectors.
        self._norms = self._largest = None
        self._quantized, self._batches = QuantizedSearch(), BatchSearch()

    def finite(self) -> bool:
        """Return whether float32 holds every vector's squared norm."""
        return bool(np.isfinite(self.squared_norms()).all())

    def candidates(
        self, query: NDArray[np.float32], count: int, insufficient: Candidates | None = None
    ) -> Candidates | None:
        """Return at least `count` candidates for a query, (dim,), first quantized ones where that pays.

        Without quantization this is one pass over the index's memory, at the speed of memory; FAISS's search, made for
        batches, takes three times as long.
        """
        if insufficient is None and count >= len(self):
            return Candidates(np.arange(len(self)), np.inf)
        return self.candidates_among(None, query, count, insufficient)

    def candidates_among(
        self,
        selection: Selection | None,
        query: NDArray[np.float32],
        count: int,
        insufficient: Candidates | None,
    ) -> Candidates | None:
        """Return candidates as `candidates` does, of a selection if one is given: of more than `count` vectors."""
        if insufficient is None:
            candidates = self._quantized.candidates(self.vectors(), query, count, selection)
            if candidates is not None:
                return candidates
        elif not insufficient.quantized:
            return None
        else:
            self._quantized.record_failure()
        squared_norm = float(np.vdot(query, query))
        distances, offset = self._squared_distances(query, squared_norm, selection)
        positions, threshold = smallest(distances, count)
        if selection is not None:
            # Where a sum overflows, the distance of a vector that is not selected may not be infinite.
            positions = positions[selection.mask[positions]]
        error = squared_distance_error(squared_norm, self.dim, self._largest_norm())
        return Candidates(positions, threshold + offset - error)

    def candidates_in_parts(self, queries: NDArray[np.float32], count: int) -> Iterator[tuple[slice, BatchCandidates]]:
        """Yield candidates for the `count` nearest of each query, (nq, dim), a slice of them after the other."""
        products = self._batches.prepared(self.vectors(), len(queries), count)

        def search(part: slice) -> BatchCandidates:
            if products is None:
                return self._nearest(queries[part], count)
            candidates = products.nearest(queries[part], count)
            unknown = np.isneginf(candidates.lower_bounds)
            self._batches.record_failures(int(unknown.sum()), len(unknown))
            return candidates.completed(unknown, lambda: self._nearest(queries[part][unknown], count))

        return search_in_parts(search, len(queries), len(self))

    def range_candidates(self, queries: NDArray[np.float32], radius: float) -> Iterator[tuple[slice, BatchCandidates]]:
        """Yield all vectors that may lie within a radius of each query, (nq, dim), a slice of them after the other.

        A vector whose squared distance float32 cannot hold is among them.
        """
        products = self._batches.prepared(self.vectors(), len(queries), 1)

        def search(part: slice) -> BatchCandidates:
            if products is None:
                return self._within(queries[part], radius)
            candidates = products.within(queries[part], radius)
            unknown = np.isneginf(candidates.lower_bounds)
            return candidates.completed(unknown, lambda: self._within(queries[part][unknown], radius))

        return search_in_parts(search, len(queries), len(self))

    def _nearest(self, queries: NDArray[np.float32], count: int) -> BatchCandidates:
        """Return candidates for the `count` nearest of each query, (nq, dim), by FAISS's search."""
        count = min(count + MARGIN, len(self))
        squared, positions = self.search(queries, count)
        lower_bounds = np.full(len(queries), np.inf)
        if count < len(self):
            lower_bounds = squared[:, -1] - self._error_bounds(queries)
        # For a distance that overflows float32, FAISS returns the largest float32, and -1 as the position.
        overflown = (positions < 0).any(axis=1)
        lower_bounds[overflown] = -np.inf
        return BatchCandidates(
            np.repeat(np.flatnonzero(~overflown), count), positions[~overflown].ravel(), lower_bounds
        )

    def search(self, queries: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return squared distances and positions, (nq, count) each, as FAISS's own search returns them."""
        distances, positions = self._index.search(queries, count)
        return distances, positions

    def _within(self, queries: NDArray[np.float32], radius: float) -> BatchCandidates:
        """Return all vectors that may lie within a radius of each query, (nq, dim), by products in float32."""
        with np.errstate(over="ignore"):
            limits = (radius * radius * SLACK + self._error_bounds(queries)).astype(np.float32)
            limits = np.nextafter(limits, np.float32(np.inf))[:, np.newaxis]
        pairs = [np.empty((2, 0), np.int64)]
        if len(queries) == 1:
            distances, offset = self._squared_distances(queries[0], float(np.vdot(queries[0], queries[0])))
            with np.errstate(over="ignore"):
                pairs += [_not_above((distances + np.float32(offset))[np.newaxis], limits)]
        else:
            vectors, norms = self.vectors(), self.squared_norms()
            query_norms = np.einsum("ij,ij->i", queries, queries)[:, np.newaxis]
            for start in range(0, len(self), _RANGE_BLOCK):
                block = slice(start, start + _RANGE_BLOCK)
                with _PRODUCTS, np.errstate(over="ignore", invalid="ignore"):
                    squared = queries @ vectors[block].T
                    squared *= np.float32(-2)
                    squared += norms[block]
                    squared += query_norms
                pairs += [_not_above(squared, limits) + np.array([[0], [start]])]
        rows, positions = np.concatenate(pairs, axis=1)
        order = np.argsort(rows, kind="stable")
        return BatchCandidates(rows[order], positions[order], np.full(len(queries), np.inf))

    def _squared_distances(
        self, query: NDArray[np.float32], squared_norm: float, selection: Selection | None = None
    ) -> tuple[NDArray[np.float32], float]:
        """Return squared distances of all vectors to a query, (n,) float32, less an offset; and the offset.

        `squared_norm` is the query's. The offset need be added only to the few distances that are used. Those of
        vectors that are not of the selection are infinite.
        """
        vectors = self.vectors()
        if self.fits_cache:
            # On one thread. Two of BLAS would save at most 0.1 ms, but wait for each other by yielding: with other
            # processes on all processors a query of 5,000 vectors took 13 ms, not 0.8.
            squared = np.empty(len(vectors), np.float32)
            pointers = [faiss.swig_ptr(array) for array in (squared, query, vectors)]
            faiss.fvec_L2sqr_ny(*pointers, vectors.shape[1], len(vectors))  # type: ignore[attr-defined]
            if selection is not None:
                np.putmask(squared, ~selection.mask, np.inf)
            return squared, 0.0
        with _PRODUCTS, np.errstate(over="ignore", invalid="ignore"):
            # Doubling is exact.
            distances = vectors @ (query * np.float32(-2))
            distances += self.squared_norms() if selection is None else selection.norms
            return distances, squared_norm

    def squared_norms(self) -> NDArray[np.float32]:
        """Return |x|^2 of each vector, (n,) float32, computed once."""
        if self._norms is None:
            vectors = self.vectors()
            with np.errstate(over="ignore", invalid="ignore"):
                self._norms = np.einsum("ij,ij->i", vectors, vectors)
        return self._norms

    def _error_bounds(self, queries: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return how far the squared distances of each query can be from the true ones, (nq,) float64."""
        return squared_distance_error(np.square(queries, dtype=np.float64).sum(axis=1), self.dim, self._largest_norm())

    def _largest_norm(self) -> float:
        """Return the largest |x|^2."""
        if self._largest is None:
            self._largest = float(self.squared_norms().max(initial=0))
        return self._largest

    def write(self, write: Callable[[bytes], int]) -> None:
        """Pass the bytes of an index file, as `faiss.read_index` opens it, to `write`, piece by piece."""
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(write))  # type: ignore[attr-defined]

    @classmethod
    def read(
        cls, file: BinaryIO, dim: int, count: int, update_digest: Callable[[bytes | memoryview], object]
    ) -> "FaissFlat | None":
        """Read an index of exactly `count` vectors of `dim` dimensions, or return None when the file holds another.

        Every byte that is used is passed to `update_digest`. No more is read or allocated than such an index has.
        """
        header = file.read(HEADER_SIZE)
        update_digest(header)
        if header != _HEADER.pack(b"IxF2", dim, count, _UNUSED, _UNUSED, True, _L2, count * dim):
            return None
        index = cls(dim)
        index._resize(count)
        memory = memoryview(index.vectors().reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        filled = 0
        while filled < len(memory):
            size = file.readinto(memory[filled : filled + _BLOCK * dim])  # type: ignore[attr-defined]
            if not size:
                return None
            update_digest(memory[filled : filled + size])
            filled += size
        return index if not file.read(1) else None


def _not_above(distances: NDArray[np.float32], limits: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return rows and columns, (2, m), of distances, (nq, n), that are at most their row's limit, NaN or infinite."""
    with np.errstate(invalid="ignore"):
        return np.stack((~((distances > limits) & (distances < np.inf))).nonzero())
