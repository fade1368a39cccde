"""Confidence intervals, compared with values computed by hand."""

import numpy as np
import pytest

from benchmarks.measures.intervals import mean_interval, t_interval, wilson_interval


def test_the_interval_is_wilsons() -> None:
    # The proportion q lies 1.96 standard deviations from each end p: (q-p)^2 = z^2 p(1-p)/n.
    for proportion, count in ((0.87, 1000), (0.5, 4), (0.0, 20)):
        for end in wilson_interval(proportion, count):
            assert (proportion - end) ** 2 == pytest.approx(1.959964**2 * end * (1 - end) / count, abs=1e-12)
    assert wilson_interval(0.5, 4) == pytest.approx((0.15004, 0.84996), abs=1e-5)


def test_the_interval_is_students() -> None:
    # Mean 0.9, deviation 0.1: 0.9 +- 4.303 x 0.1 / sqrt(3).
    assert t_interval([0.8, 0.9, 1.0]) == pytest.approx((0.9 - 0.24843, 1.0), abs=1e-4)
    assert t_interval([0.98, 0.981, 0.982, 0.983, 0.984]) == pytest.approx((0.98004, 0.98396), abs=1e-5)


def test_the_interval_of_a_mean_is_twice_its_standard_error() -> None:
    # Mean 0.5, deviation 0.2 x sqrt(4/3): 0.5 +- 1.96 x 0.2 / sqrt(3).
    values = np.array([0.3, 0.7, 0.3, 0.7])
    assert mean_interval(values) == pytest.approx((0.5 - 0.22632, 0.5 + 0.22632), abs=1e-5)
    assert mean_interval(np.array([1.0, 1.0, 0.0])) == pytest.approx((0.0133, 1.0), abs=1e-3)
