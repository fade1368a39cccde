"""Queries to measure with: some that are stored, some that are not, the same for every run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import UnfitForBenchmark
from storage import Store

#: How far a query that is not stored lies from a stored vector, as a share of the vectors' mean length.
_BESIDE = 0.1


@dataclass(frozen=True)
class Queries:
    """Query vectors, (n, dim) float32, and the ids each answer leaves out."""

    vectors: NDArray[np.float32]
    excluded: list[list[int]]


def draw_queries(store: Store, count: int, k: int, seed: int) -> Queries:
    """Draw queries: every other one a stored vector that is left out of its own answer, the others beside one.

    Raise UnfitForBenchmark unless the store holds more than k+1 items and a query is asked for.
    """
    ids, vectors = store.all_vectors()
    if len(ids) < k + 2 or count < 1 or k < 1:
        raise UnfitForBenchmark(
            f"expected at least 1 query for at least 1 neighbour in a store of more than k+1 items, "
            f"got {count} queries for {k} neighbours in {len(ids)} items: ingest more, or ask for less"
        )
    generator = np.random.default_rng(seed)
    chosen = generator.integers(len(ids), size=count)
    drawn = vectors[chosen].copy()
    beside = np.arange(count) % 2 == 1
    length = float(np.linalg.norm(vectors, axis=1).mean()) * _BESIDE / np.sqrt(store.dim)
    noise = generator.standard_normal((count, store.dim)) * length
    drawn[beside] += noise[beside].astype(np.float32)
    return Queries(drawn, [[] if out else [int(ids[position])] for out, position in zip(beside, chosen, strict=True)])
