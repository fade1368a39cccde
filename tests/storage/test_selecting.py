"""The smallest of many numbers, as sorting all of them finds them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.selecting import smallest


@settings(deadline=None, derandomize=True, max_examples=200)
@given(count=st.integers(1, 5000), wanted=st.integers(1, 40), levels=st.integers(1, 10_000), seed=st.integers(0, 99))
def test_the_smallest_are_found_among_few_and_many_and_equal_ones(
    count: int, wanted: int, levels: int, seed: int
) -> None:
    values = np.random.default_rng(seed).integers(0, levels, count).astype(np.float32)
    most = min(wanted, count)
    found = smallest(values, most)
    assert len(set(found.tolist())) == most
    assert values[found].tolist() == np.sort(values)[:most].tolist()


@pytest.mark.parametrize("odd", [np.inf, np.nan, -np.inf])
def test_what_is_no_number_hides_no_other(odd: float) -> None:
    values = np.arange(4096, dtype=np.float32)
    values[1::2] = odd
    found = smallest(values, 5)
    expected = np.sort(values)[:5]
    np.testing.assert_array_equal(values[found], expected)
