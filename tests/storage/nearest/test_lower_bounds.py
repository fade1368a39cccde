"""Lower bounds: no vector that is not a candidate is nearer, whichever way the index compares."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.nearest.hard_vectors import KINDS, clouds
from tests.storage.nearest.searches import WAYS, comparing, flat, true_squares


@settings(deadline=None, derandomize=True, max_examples=240)
@given(
    kind=st.sampled_from(KINDS),
    dim=st.sampled_from([1, 2, 3, 17, 64, 128, 1000]),
    seed=st.integers(0, 2**32 - 1),
    way=st.sampled_from([*WAYS]),
)
def test_no_other_vector_is_nearer_than_the_lower_bound_of_a_query(kind: str, dim: int, seed: int, way: str) -> None:
    vectors = clouds(kind, 150, dim, seed)
    index = flat(vectors)
    with comparing(way):
        for query in np.concatenate((clouds(kind, 5, dim, seed + 1), -vectors[:2], vectors[:2], vectors[:1] * 0.3)):
            true = true_squares(vectors, query)
            candidates = index.candidates(query, 4)
            while candidates is not None:
                others = np.delete(true, candidates.positions)
                assert (others * (1 + 1e-12) >= candidates.lower_bound).all()
                assert len(candidates.positions) >= 4
                candidates = index.candidates(query, 4, candidates)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(kind=st.sampled_from(KINDS), dim=st.sampled_from([1, 3, 17, 128, 1000]), seed=st.integers(0, 2**32 - 1))
def test_no_other_vector_is_nearer_than_the_lower_bounds_of_a_batch(kind: str, dim: int, seed: int) -> None:
    vectors = clouds(kind, 150, dim, seed)
    # Enough queries for FAISS to compare them as batches, by inner products.
    queries = np.resize(np.concatenate((clouds(kind, 20, dim, seed + 1), -vectors[:5], vectors[:5])), (2500, dim))
    ((part, candidates),) = flat(vectors).candidates_in_parts(queries, 4)
    assert part == slice(0, 2500)
    for row, (query, lower_bound) in enumerate(zip(queries[:30], candidates.lower_bounds, strict=False)):
        others = np.delete(true_squares(vectors, query), candidates.positions[candidates.rows == row])
        assert (others * (1 + 1e-12) >= lower_bound).all()
