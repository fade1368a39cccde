"""Search a batch in parts, each on one thread: FAISS's own threads wait for each other at every block of a search."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import faiss

from storage.nearest.index import BatchCandidates

#: From so many pairs of a query and a vector on, a batch is searched in parts.
_PAIRS_IN_PARTS = 2**22

#: Queries in a part: smaller parts make products slow, larger ones leave threads idle at the end.
_SMALLEST_PART, _LARGEST_PART = 64, 1024


@contextmanager
def one_thread() -> Iterator[None]:
    """Let FAISS use no other threads than the one that calls it."""
    threads = faiss.omp_get_max_threads()
    # OpenMP keeps this number for each thread by itself.
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def search_in_parts(
    search: Callable[[slice], BatchCandidates], queries: int, vectors: int
) -> Iterator[tuple[slice, BatchCandidates]]:
    """Yield the parts of a batch of so many queries and what `search` returns for each, while it searches the next."""
    if queries * vectors < _PAIRS_IN_PARTS:
        yield slice(0, queries), search(slice(0, queries))
        return
    threads = max(1, min(faiss.omp_get_max_threads(), queries // _SMALLEST_PART))
    size = min(_LARGEST_PART, max(_SMALLEST_PART, -(-queries // (2 * threads))))
    parts = [slice(start, min(start + size, queries)) for start in range(0, queries, size)]
    if threads == 1:
        yield from zip(parts, map(search, parts), strict=True)
        return
    pool = ThreadPoolExecutor(threads, "searching", initializer=faiss.omp_set_num_threads, initargs=(1,))
    try:
        yield from zip(parts, pool.map(search, parts), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)
