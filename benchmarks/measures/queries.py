"""Draw query vectors from a store: half are stored vectors, half lie near one; the same in every run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import UnfitForBenchmark
from storage import Store

#: Distance of a query that is not stored from a stored vector, as a share of the vectors' mean length.
_NOISE = 0.1


@dataclass(frozen=True)
class Queries:
    """Query vectors, (n, dim) float32, and the ids that are excluded from the answer to each."""

    vectors: NDArray[np.float32]
    excluded: list[list[int]]


def draw_queries(store: Store, count: int, k: int, seed: int) -> Queries:
    """Draw queries: alternately a stored vector, excluded from its own answer, and a stored vector with noise added.

    Raise UnfitForBenchmark unless the store holds more than k+1 items, and `count` and k are at least 1.
    """
    ids, vectors = store.all_vectors()
    if len(ids) < k + 2 or count < 1 or k < 1:
        raise UnfitForBenchmark(
            f"expected at least 1 query for at least 1 neighbour in a store of more than k+1 items, "
            f"got {count} queries for {k} neighbours in {len(ids)} items: ingest more, or ask for less"
        )
    generator = np.random.default_rng(seed)
    positions = generator.integers(len(ids), size=count)
    queries = vectors[positions].copy()
    noisy = np.arange(count) % 2 == 1
    length = float(np.linalg.norm(vectors, axis=1).mean()) * _NOISE / np.sqrt(store.dim)
    noise = generator.standard_normal((count, store.dim)) * length
    queries[noisy] += noise[noisy].astype(np.float32)
    excluded = [[] if is_noisy else [int(id)] for is_noisy, id in zip(noisy, ids[positions], strict=True)]
    return Queries(queries, excluded)
