"""Quantized vectors: used where their candidates suffice, given up where they do not, the answers always exact."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray

from storage.nearest import exact, quantized
from storage.nearest.faiss_sq8 import FaissSq8
from storage.nearest.index import Candidates
from tests.storage.nearest.searches import as_lists, comparing, flat, oracle
from tests.storage.stores import random_vectors


def test_quantization_is_kept_for_vectors_of_one_scale_and_given_up_for_others() -> None:
    """The scale is that of the largest number: beside a few very large ones all the others look the same."""
    even, uneven = random_vectors(2000, 64, 1), random_vectors(2000, 64, 1)
    uneven[:3] *= 1e6
    calls: list[int] = []
    candidates = FaissSq8.candidates

    def counted(*args: Any) -> Candidates:
        calls.append(1)
        return candidates(*args)

    with comparing("quantized"), mock.patch.object(FaissSq8, "candidates", counted):
        for vectors, expected in ((even, 100), (uneven, 7)):
            calls.clear()
            index, queries = flat(vectors), random_vectors(100, 64, 2)
            answers = as_lists([exact.nearest_to(index, query, 5) for query in queries])
            assert answers == [oracle(vectors, query, 5) for query in queries]
            assert len(calls) == expected


@pytest.mark.parametrize("largest", [1.0, 1e6], ids=["quantization is kept", "quantization is given up"])
def test_concurrent_queries_have_the_same_answers(largest: float) -> None:
    vectors, queries = random_vectors(3000, 64, 1), random_vectors(200, 64, 2)
    vectors[:3] *= largest
    index = flat(vectors)
    with comparing("quantized"), mock.patch.object(quantized, "_FEW_QUERIES", 20), ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda query: exact.nearest_to(index, query, 5), queries))
    assert as_lists(answers) == [oracle(vectors, query, 5) for query in queries]


@pytest.mark.parametrize("vectors", [np.zeros((9, 64)), np.full((9, 64), 1e-38), np.ones((9, 3))])
def test_vectors_that_bytes_do_not_suit_are_not_quantized(vectors: NDArray[np.float64]) -> None:
    assert FaissSq8.quantize(vectors.astype(np.float32)) is None
