"""Proposals: what all that an index does not propose is beyond, whichever way it compares."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.nearest.asking import WAYS, comparing, flat, true_squares
from tests.storage.nearest.hard_vectors import KINDS, clouds


@settings(deadline=None, derandomize=True, max_examples=240)
@given(
    kind=st.sampled_from(KINDS),
    dim=st.sampled_from([1, 2, 3, 17, 64, 128, 1000]),
    seed=st.integers(0, 2**32 - 1),
    way=st.sampled_from([*WAYS]),
)
def test_no_vector_is_nearer_than_what_all_that_were_not_proposed_are_beyond(
    kind: str, dim: int, seed: int, way: str
) -> None:
    vectors = clouds(kind, 150, dim, seed)
    index = flat(vectors)
    with comparing(way):
        for query in np.concatenate((clouds(kind, 5, dim, seed + 1), -vectors[:2], vectors[:2], vectors[:1] * 0.3)):
            true = true_squares(vectors, query)
            for positions, beyond in index.proposals(query, 4):
                others = np.delete(true, positions)
                assert (others * (1 + 1e-12) >= beyond).all()
            assert len(positions) >= 4


@settings(deadline=None, derandomize=True, max_examples=60)
@given(kind=st.sampled_from(KINDS), dim=st.sampled_from([1, 3, 17, 128, 1000]), seed=st.integers(0, 2**32 - 1))
def test_no_vector_is_nearer_than_what_all_are_beyond_that_a_batch_did_not_propose(
    kind: str, dim: int, seed: int
) -> None:
    vectors = clouds(kind, 150, dim, seed)
    # Enough queries that FAISS takes its way for batches, by inner products.
    queries = np.resize(np.concatenate((clouds(kind, 20, dim, seed + 1), -vectors[:5], vectors[:5])), (2500, dim))
    ((part, positions, beyond),) = flat(vectors).proposed_by_part(queries, 4)
    assert part == slice(0, 2500)
    for query, proposed, limit in zip(queries[:30], positions, beyond, strict=False):
        others = true_squares(vectors, query)
        if np.isfinite(limit):
            others = np.delete(others, proposed)
        assert (others * (1 + 1e-12) >= limit).all()
