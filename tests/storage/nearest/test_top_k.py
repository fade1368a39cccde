"""The smallest of many numbers, as sorting all of them finds them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.nearest.top_k import least


@settings(deadline=None, derandomize=True, max_examples=200)
@given(count=st.integers(1, 5000), wanted=st.integers(1, 40), levels=st.integers(1, 10_000), seed=st.integers(0, 99))
def test_the_smallest_are_found_among_few_and_many_and_equal_ones(
    count: int, wanted: int, levels: int, seed: int
) -> None:
    values = np.random.default_rng(seed).integers(0, levels, count).astype(np.float32)
    most = min(wanted, count)
    places, limit = least(values, most)
    assert len(set(places.tolist())) == len(places) >= most
    assert np.sort(values[places])[:most].tolist() == np.sort(values)[:most].tolist()
    assert set(np.flatnonzero(values <= limit).tolist()) == set(places.tolist())


@pytest.mark.parametrize("count", [100, 4096, 4100])
@pytest.mark.parametrize("far", [3e38, np.inf])
def test_what_is_infinitely_large_is_above_all_numbers(count: int, far: float) -> None:
    values = np.arange(count, dtype=np.float32)
    values[1::2] = far
    places, limit = least(values, 5)
    assert set(places.tolist()) >= {0, 2, 4, 6, 8}
    assert limit < far


@pytest.mark.parametrize("count", [100, 4096])
@pytest.mark.parametrize("odd", [np.nan, -np.inf])
def test_beside_what_is_no_number_nothing_is_known(count: int, odd: float) -> None:
    values = np.arange(count, dtype=np.float32)
    values[50] = odd
    assert least(values, 5)[1] == -np.inf


def test_a_number_that_is_none_in_the_rest_that_fills_no_group_is_among_the_smallest() -> None:
    values = np.arange(32 * 200 + 5, dtype=np.float32)
    values[-1] = np.nan
    places, limit = least(values, 5)
    assert len(values) - 1 in places
    assert limit >= 4
