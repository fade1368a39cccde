"""Vectors rounded to bytes: used where they are enough, given up where they are not, and the answers stay the same."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray

from storage.nearest import exact
from storage.nearest.faiss_sq8 import FaissSq8
from tests.storage.nearest.asking import comparing, flat, oracle
from tests.storage.stores import random_vectors


def test_bytes_are_enough_for_vectors_of_one_scale_and_given_up_for_others() -> None:
    """The scale is that of the largest number: beside a few very large ones all the others look the same."""
    even, uneven = random_vectors(2000, 64, 1), random_vectors(2000, 64, 1)
    uneven[:3] *= 1e6
    rounded: list[int] = []
    propose = FaissSq8.proposed

    def counted(*given: Any) -> tuple[NDArray[np.int64], float]:
        rounded.append(1)
        return propose(*given)

    with comparing("by bytes"), mock.patch.object(FaissSq8, "proposed", counted):
        for vectors, expected in ((even, 100), (uneven, 7)):
            rounded.clear()
            index = flat(vectors)
            for query in random_vectors(100, 64, 2):
                found, distances = exact.nearest_of_one(index, query, 5)
                assert (found.tolist(), distances.tolist()) == oracle(vectors, query, 5)
            assert len(rounded) == expected


@pytest.mark.parametrize("largest", [1.0, 1e6], ids=["bytes are enough", "bytes are given up"])
def test_threads_that_ask_at_once_are_answered_as_one(largest: float) -> None:
    vectors, queries = random_vectors(3000, 64, 1), random_vectors(200, 64, 2)
    vectors[:3] *= largest
    index = flat(vectors)
    with comparing("by bytes"), mock.patch("storage.nearest.quantized._FEW_QUERIES", 20), ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda query: exact.nearest_of_one(index, query, 5), queries))
    assert [(positions.tolist(), distances.tolist()) for positions, distances in found] == [
        oracle(vectors, query, 5) for query in queries
    ]


@pytest.mark.parametrize("vectors", [np.zeros((9, 64)), np.full((9, 64), 1e-38), np.ones((9, 3))])
def test_vectors_that_bytes_do_not_suit_are_not_rounded(vectors: NDArray[np.float64]) -> None:
    assert FaissSq8.of(vectors.astype(np.float32)) is None
