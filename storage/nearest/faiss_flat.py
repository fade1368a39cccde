"""The flat-L2 index of FAISS.

A flat index file is a header and the raw vectors. It is read straight into the index's own memory, after the
header was compared with the one that must stand there: FAISS's reader trusts the sizes that a file claims.
"""

import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import faiss
import numpy as np
from numpy.typing import NDArray

from storage.nearest.error_bounds import squared_distance_error
from storage.nearest.huge_pages import prefer_large_pages
from storage.nearest.polling_lock import PollingLock
from storage.nearest.quantized import NOT_ROUNDED, QuantizedSearch
from storage.nearest.top_k import least

#: fourcc, dim, count, two fields FAISS no longer uses, trained, metric (1 is L2), floats that follow.
#: The layout is `write_index_header` and `WRITEXBVECTOR` in FAISS's impl/index_write.cpp.
_HEADER = struct.Struct("<4siqqq?iq")
_UNUSED = 1 << 20
_L2 = 1

HEADER_SIZE = _HEADER.size

FAISS_VERSION = str(faiss.__version__)

#: FAISS multiplies matrices from so many queries times dimensions on, and compares pair by pair below. It waits for
#: 128,000 since 1.15 (facebookresearch/faiss, wiki, "Implementation notes"), where a product takes a fifth of the time.
faiss.cvar.distance_compute_blas_threshold = 2048

#: From so many pairs of a query and a vector on, the queries are searched in parts, each on one thread.
_PAIRS_IN_PARTS = 2**22

#: Queries in a part: fewer make products slow, and more nobody waits for.
_SMALLEST_PART, _LARGEST_PART = 64, 1024

#: Up to so many bytes of vectors are compared with a query on one thread: more threads would gain nothing.
_FOR_ONE_THREAD = 2**20

#: Rows moved or written at once, to keep what is copied small beside the index.
_BLOCK = 65_536

#: Vectors compared with many queries at once, when all that lie around are wanted.
_AROUND = 8192


#: BLAS has one set of threads for all: two products at once would wait for each other by spinning.
_PRODUCTS = PollingLock()


class _Memory:
    """An index's vectors as numpy takes them in without a copy; every view of them keeps the index alive."""

    def __init__(self, index: faiss.IndexFlatL2) -> None:
        self._index = index
        self.__array_interface__ = faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d).__array_interface__


class FaissFlat:
    """A `VectorIndex` over `faiss.IndexFlatL2`."""

    def __init__(self, dim: int) -> None:
        self._index = faiss.IndexFlatL2(dim)
        self._vectors: NDArray[np.float32] | None = None
        self._norms: NDArray[np.float32] | None = None
        self._largest: float | None = None
        self._rounded = QuantizedSearch()

    @property
    def dim(self) -> int:
        """Return the number of dimensions."""
        return int(self._index.d)

    @property
    def quick(self) -> bool:
        """Tell whether a query is compared with all vectors in less time than Python takes over its answer."""
        return self.vectors().nbytes <= NOT_ROUNDED

    def __len__(self) -> int:
        """Return the number of vectors."""
        return int(self._index.ntotal)

    def vectors(self) -> NDArray[np.float32]:
        """Return the index's own memory, (n, dim) float32; valid until the index changes, also when it is gone."""
        if self._vectors is None:
            flat = np.asarray(_Memory(self._index)) if len(self) else np.empty(0, np.float32)
            self._vectors = flat.reshape(len(self), self.dim)
        return self._vectors

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Append (n, dim) float32 vectors at the next positions."""
        self._index.add(vectors)
        self._changed()

    def keep(self, chosen: NDArray[np.bool_]) -> None:
        """Drop the vectors that are not chosen, (n,) bool; the others close up in order."""
        vectors = self.vectors()
        kept = 0
        for start in range(0, len(self), _BLOCK):
            block = vectors[start : start + _BLOCK][chosen[start : start + _BLOCK]]
            vectors[kept : kept + len(block)] = block
            kept += len(block)
        self._resize(kept)

    def _resize(self, count: int) -> None:
        self._index.codes.resize(count * self._index.code_size)
        self._index.ntotal = count
        self._changed()

    def _changed(self) -> None:
        """Let go of what was derived from the vectors; their memory may be elsewhere now."""
        self._vectors = self._norms = self._largest = None
        self._rounded = QuantizedSearch()

    def finite(self) -> bool:
        """Tell whether every vector's squared norm is a number that float32 holds."""
        return bool(np.isfinite(self._squared_norms()).all())

    def proposals(self, query: NDArray[np.float32], count: int) -> Iterator[tuple[NDArray[np.int64], float]]:
        """Walk ever surer proposals for a query, (dim,), each with what all other vectors are beyond.

        The first may be of the vectors rounded to bytes. The last is one pass over the index's memory, at the memory's
        own speed; FAISS's search, made for batches, takes three times as long.
        """
        if count >= len(self):
            yield np.arange(len(self)), np.inf
            return
        if (proposed := self._rounded.proposed(self.vectors(), query, count)) is not None:
            yield proposed
            self._rounded.failed()
        norm = float(np.vdot(query, query))
        compared, left = self._compared(query, norm)
        places, limit = least(compared, count)
        yield places, limit + left - squared_distance_error(norm, self.dim, self._largest_norm())

    def proposed_by_part(
        self, queries: NDArray[np.float32], count: int
    ) -> Iterator[tuple[slice, NDArray[np.int64], NDArray[np.float64]]]:
        """Walk what is proposed for some queries after the others, while the next are searched.

        Each part is searched on one thread: FAISS's own threads wait for each other at every block of a search.
        """
        threads = min(faiss.omp_get_max_threads(), len(queries) // _SMALLEST_PART)
        if threads < 2 or len(queries) * len(self) < _PAIRS_IN_PARTS:
            yield slice(0, len(queries)), *self._proposed_of_many(queries, count)
            return
        size = min(_LARGEST_PART, max(_SMALLEST_PART, -(-len(queries) // (2 * threads))))
        parts = [slice(start, start + size) for start in range(0, len(queries), size)]
        pool = ThreadPoolExecutor(threads, "searching", initializer=faiss.omp_set_num_threads, initargs=(1,))
        try:
            found = pool.map(lambda part: self._proposed_of_many(queries[part], count), parts)
            for part, (positions, beyond) in zip(parts, found, strict=True):
                yield part, positions, beyond
        finally:
            pool.shutdown(cancel_futures=True)

    def _proposed_of_many(
        self, queries: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        wanted = min(count, len(self))
        squared, positions = self.search(queries, wanted)
        beyond = np.full(len(queries), np.inf)
        if wanted < len(self):
            beyond = squared[:, -1] - self._error_bound(queries)
        # FAISS fills the places of distances beyond float32 with the largest float32 and no position.
        beyond[(positions < 0).any(axis=1)] = -np.inf
        return positions, beyond

    def search(self, queries: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return what FAISS's own search gives, as it comes."""
        distances, positions = self._index.search(queries, count)
        return distances, positions

    def around(self, queries: NDArray[np.float32], limit: float) -> list[NDArray[np.int64]]:
        """Return the positions of all vectors that can be within a squared distance of each query, in order.

        `queries` is (nq, dim). A position whose squared distance float32 cannot hold is among them.
        """
        with np.errstate(over="ignore"):
            most = np.nextafter((limit + self._error_bound(queries)).astype(np.float32), np.float32(np.inf))
        if len(queries) == 1:
            compared, left = self._compared(queries[0], float(np.vdot(queries[0], queries[0])))
            with np.errstate(over="ignore"):
                return [_not_beyond(compared + np.float32(left), most[0])]
        vectors, norms = self.vectors(), self._squared_norms()
        found: list[list[NDArray[np.int64]]] = [[np.empty(0, np.int64)] for _ in queries]
        own = np.einsum("ij,ij->i", queries, queries)[:, np.newaxis]
        for start in range(0, len(self), _AROUND):
            block = slice(start, start + _AROUND)
            with np.errstate(over="ignore", invalid="ignore"):
                squared = queries @ vectors[block].T
                squared *= np.float32(-2)
                squared += norms[block]
                squared += own
            for query, row in enumerate(squared):
                found[query].append(start + _not_beyond(row, most[query]))
        return [np.concatenate(parts) for parts in found]

    def _compared(self, query: NDArray[np.float32], norm: float) -> tuple[NDArray[np.float32], float]:
        """Return the squared distance of each vector to a query, (n,) float32, less a number, and that number.

        `norm` is the query's, squared. What all have in common need be added only to the few that are wanted.
        """
        vectors = self.vectors()
        if vectors.nbytes <= _FOR_ONE_THREAD:
            # On one thread: a product's threads take longer to meet than to work, much longer on a busy machine.
            squared = np.empty(len(vectors), np.float32)
            pointers = [faiss.swig_ptr(array) for array in (squared, query, vectors)]
            faiss.fvec_L2sqr_ny(*pointers, self.dim, len(vectors))  # type: ignore[attr-defined]
            return squared, 0.0
        with _PRODUCTS, np.errstate(over="ignore", invalid="ignore"):
            # Twice a number is exact.
            compared = vectors @ (query * np.float32(-2))
            compared += self._squared_norms()
            return compared, norm

    def _squared_norms(self) -> NDArray[np.float32]:
        """Return |x|^2 of each vector, (n,) float32, computed once."""
        if self._norms is None:
            vectors = self.vectors()
            # Before the first query of vectors that will stay: FAISS takes memory in small pages.
            prefer_large_pages(vectors)
            with np.errstate(over="ignore", invalid="ignore"):
                self._norms = np.einsum("ij,ij->i", vectors, vectors)
        return self._norms

    def _error_bound(self, queries: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return how far the squared distances of each query can be from the true ones, (nq,) float64."""
        return squared_distance_error(np.square(queries, dtype=np.float64).sum(axis=1), self.dim, self._largest_norm())

    def _largest_norm(self) -> float:
        if self._largest is None:
            self._largest = float(self._squared_norms().max(initial=0))
        return self._largest

    def write(self, write: Callable[[bytes], int]) -> None:
        """Hand the bytes of an index file, as `faiss.read_index` opens it, to `write`, piece by piece."""
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(write))  # type: ignore[attr-defined]

    @classmethod
    def read(
        cls, file: BinaryIO, dim: int, count: int, seen: Callable[[bytes | memoryview], object]
    ) -> "FaissFlat | None":
        """Read an index of exactly `count` vectors of `dim` dimensions, or return None when the file holds another.

        Every byte that is used is shown to `seen`. No more is read, and no more memory taken, than such an index has.
        """
        header = file.read(HEADER_SIZE)
        seen(header)
        if header != _HEADER.pack(b"IxF2", dim, count, _UNUSED, _UNUSED, True, _L2, count * dim):
            return None
        index = cls(dim)
        index._resize(count)
        memory = memoryview(index.vectors().reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        filled = 0
        while filled < len(memory):
            got = file.readinto(memory[filled : filled + _BLOCK * dim])  # type: ignore[attr-defined]
            if not got:
                return None
            seen(memory[filled : filled + got])
            filled += got
        return index if not file.read(1) else None


def _not_beyond(squared: NDArray[np.float32], most: np.float32) -> NDArray[np.int64]:
    """Return where squared distances are at most this much, or are no numbers."""
    with np.errstate(invalid="ignore"):
        return np.flatnonzero(~((squared > most) & (squared < np.inf)))
