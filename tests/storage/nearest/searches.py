"""Each way an index compares a single query, and the answers of float64."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import ModuleType
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from storage.nearest import exact, faiss_flat, faiss_sq8, quantized, selection
from storage.nearest.answers import Answer
from storage.nearest.faiss_flat import FaissFlat
from tests.storage.nearest.hard_vectors import Floats

#: A whole answer as lists: positions and distances.
Lists = tuple[list[int], list[float]]


def flat(vectors: Floats) -> FaissFlat:
    index = FaissFlat(vectors.shape[1])
    index.add(vectors)
    return index


def true_squares(vectors: Floats, query: Floats) -> NDArray[np.float64]:
    """Return the squared distances of vectors to a query, (n,), in float64."""
    return np.asarray(np.square(vectors.astype(np.float64) - query.astype(np.float64)).sum(axis=1))


def oracle(vectors: Floats, query: Floats, k: int, excluded: Sequence[int] = ()) -> Lists:
    """Return the k nearest by comparing every vector in float64."""
    distances = np.sqrt(true_squares(vectors, query))
    order = np.argsort(distances, kind="stable")
    order = order[np.isin(order, list(excluded), invert=True)].tolist()
    return order[:k], distances[order[:k]].tolist()


def range_oracle(vectors: Floats, query: Floats, radius: float, excluded: Sequence[int] = ()) -> Lists:
    """Return everything within a radius by comparing every vector in float64."""
    positions, distances = oracle(vectors, query, len(vectors), excluded)
    count = int(np.searchsorted(distances, radius, side="right"))
    return positions[:count], distances[:count]


def as_lists(answers: Iterable[Answer]) -> list[Lists]:
    return [(positions.tolist(), distances.tolist()) for positions, distances in answers]


def answers(vectors: Floats, queries: Floats, k: int, excluded: Sequence[Sequence[int]] | None = None) -> list[Lists]:
    """Return the answers of the product."""
    positions = None if excluded is None else [np.array(each, np.int64) for each in excluded]
    return as_lists(exact.nearest(flat(vectors), queries, k, positions))


#: How a single query is compared: pair by pair, by one product, and with quantized vectors first.
WAYS: dict[str, list[tuple[ModuleType, str, int]]] = {
    "pairs": [(faiss_flat, "CACHE_BYTES", 2**62)],
    "product": [(faiss_flat, "CACHE_BYTES", 0)],
    "quantized": [
        (faiss_flat, "CACHE_BYTES", 0),
        (quantized, "CACHE_BYTES", 0),
        (quantized, "_FEW_QUERIES", 0),
        (faiss_sq8, "_MOST_PADDING", 64),
        (faiss_sq8, "_SMALLEST_LIST", 50),
    ],
}
#: A selection's as a copy.
WAYS["quantized copies"] = [*WAYS["quantized"], (selection, "_FEW_QUERIES", 0)]


@contextmanager
def comparing(way: str) -> Iterator[None]:
    """Compare single queries in one of the ways, whatever the number of vectors."""
    with ExitStack() as patches:
        for module, name, value in WAYS[way]:
            patches.enter_context(mock.patch.object(module, name, value))
        yield
