"""What is asked of an index, each way that it has, and what float64 says."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from storage.nearest import exact
from storage.nearest.faiss_flat import FaissFlat
from tests.storage.nearest.hard_vectors import Floats

#: A whole answer: positions and distances.
Answer = tuple[list[int], list[float]]


def flat(vectors: Floats) -> FaissFlat:
    index = FaissFlat(vectors.shape[1])
    index.add(vectors)
    return index


def oracle(vectors: Floats, query: Floats, k: int, out: Sequence[int] = ()) -> Answer:
    """Return the answer that float64 gives, by comparing everything."""
    distances = np.sqrt(np.square(vectors.astype(np.float64) - query.astype(np.float64)).sum(axis=1))
    order = [place for place in np.argsort(distances, kind="stable").tolist() if place not in set(out)][:k]
    return order, distances[order].tolist()


def true_squares(vectors: Floats, query: Floats) -> NDArray[np.float64]:
    return np.asarray(np.square(vectors.astype(np.float64) - query.astype(np.float64)).sum(axis=1))


def answers(vectors: Floats, queries: Floats, k: int, excluded: Sequence[Sequence[int]] | None = None) -> list[Answer]:
    """Return what the product answers."""
    out = None if excluded is None else [np.array(some, np.int64) for some in excluded]
    found = exact.nearest(flat(vectors), queries, k, out)
    return [(positions.tolist(), distances.tolist()) for positions, distances in found]


#: How a single query is compared: by pairs, by products, and with the vectors rounded to bytes first.
WAYS = {
    "by pairs": {"nearest.faiss_flat._FOR_ONE_THREAD": 2**62},
    "by products": {"nearest.faiss_flat._FOR_ONE_THREAD": 0},
    "by bytes": {
        "nearest.faiss_flat._FOR_ONE_THREAD": 0,
        "nearest.quantized.NOT_ROUNDED": 0,
        "nearest.quantized._FEW_QUERIES": 0,
    },
}


@contextmanager
def comparing(way: str) -> Iterator[None]:
    """Have single queries compared in one of the ways, whatever suits the number of vectors."""
    with ExitStack() as patches:
        for name, value in WAYS[way].items():
            patches.enter_context(mock.patch(f"storage.{name}", value))
        patches.enter_context(mock.patch("storage.nearest.faiss_sq8._FILLED_UP", 64))
        patches.enter_context(mock.patch("storage.nearest.faiss_sq8._LEAST_IN_LIST", 50))
        yield
