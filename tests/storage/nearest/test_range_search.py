"""Everything within a radius: as float64 has it, the border included."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.nearest.range_search import range_search
from tests.storage.nearest.hard_vectors import KINDS, clouds
from tests.storage.nearest.inexact_index import InexactIndex
from tests.storage.nearest.searches import as_lists, flat, range_oracle, true_squares
from tests.storage.stores import random_vectors


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    kind=st.sampled_from(KINDS),
    count=st.integers(0, 120),
    dim=st.sampled_from([1, 2, 3, 8, 33, 128]),
    queries=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_answers_are_those_of_float64_also_at_the_border(
    kind: str, count: int, dim: int, queries: int, seed: int
) -> None:
    vectors, batch = clouds(kind, count, dim, seed), clouds(kind, queries, dim, seed + 1)
    if count:
        batch[0] = vectors[seed % count]
    generator = np.random.default_rng(seed)
    distances = np.sqrt(true_squares(vectors, batch[0]))
    border = float(generator.choice(distances)) if count else 1.0
    excluded = [generator.permutation(count)[:2] for _ in batch]
    for radius in map(float, (border, np.nextafter(border, 0), np.nextafter(border, np.inf), 0.0)):
        expected = [
            range_oracle(vectors, query, radius, out.tolist()) for query, out in zip(batch, excluded, strict=True)
        ]
        assert as_lists(range_search(flat(vectors), batch, radius, excluded)) == expected
        assert as_lists(range_search(flat(vectors), batch[:1], radius, excluded[:1])) == expected[:1]


@settings(deadline=None, derandomize=True, max_examples=40)
@given(error=st.sampled_from([0.0, 0.01, 0.3, 2.0]), radius=st.floats(0, 3), seed=st.integers(0, 2**32 - 1))
def test_an_index_that_errs_within_its_bound_changes_no_answer(error: float, radius: float, seed: int) -> None:
    vectors, queries = random_vectors(200, 3, seed), random_vectors(4, 3, seed + 1)
    answers = range_search(InexactIndex(vectors, error, seed), queries, radius)
    assert as_lists(answers) == [range_oracle(vectors, query, radius) for query in queries]


def test_many_vectors_and_many_queries_are_answered_as_few() -> None:
    vectors = random_vectors(20_000, 4)
    answers = range_search(flat(vectors), vectors[:300], 0.4)
    assert as_lists(answers) == [range_oracle(vectors, query, 0.4) for query in vectors[:300]]


def test_five_thousand_identical_vectors_lie_within_a_radius_of_zero() -> None:
    vectors = np.tile(random_vectors(1, 16), (5000, 1))
    assert as_lists(range_search(flat(vectors), vectors[:2], 0.0)) == [(list(range(5000)), [0.0] * 5000)] * 2
