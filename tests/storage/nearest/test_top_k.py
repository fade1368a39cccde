"""The k smallest of many numbers are those that sorting returns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.nearest.top_k import smallest


@settings(deadline=None, derandomize=True, max_examples=200)
@given(count=st.integers(1, 5000), k=st.integers(1, 40), levels=st.integers(1, 10_000), seed=st.integers(0, 99))
def test_the_smallest_of_few_many_and_equal_values_are_returned(count: int, k: int, levels: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, levels, count).astype(np.float32)
    k = min(k, count)
    indices, threshold = smallest(values, k)
    assert len(set(indices.tolist())) == len(indices) >= k
    assert np.sort(values[indices])[:k].tolist() == np.sort(values)[:k].tolist()
    assert set(np.flatnonzero(values <= threshold).tolist()) == set(indices.tolist())


@pytest.mark.parametrize("count", [100, 4096, 4100])
@pytest.mark.parametrize("far", [3e38, np.inf])
def test_very_large_and_infinite_values_are_above_the_threshold(count: int, far: float) -> None:
    values = np.arange(count, dtype=np.float32)
    values[1::2] = far
    indices, threshold = smallest(values, 5)
    assert set(indices.tolist()) >= {0, 2, 4, 6, 8}
    assert threshold < far


@pytest.mark.parametrize("count", [100, 4096])
@pytest.mark.parametrize("odd", [np.nan, -np.inf])
def test_nan_or_minus_infinity_leaves_no_threshold(count: int, odd: float) -> None:
    values = np.arange(count, dtype=np.float32)
    values[50] = odd
    assert smallest(values, 5)[1] == -np.inf


def test_nan_outside_the_groups_is_among_the_smallest() -> None:
    values = np.arange(32 * 200 + 5, dtype=np.float32)
    values[-1] = np.nan
    indices, threshold = smallest(values, 5)
    assert len(values) - 1 in indices
    assert threshold >= 4
