"""Measurements: their spread, and how numbers are shown."""

import pytest

from benchmarks.common.measurement import HIGHER, LOWER, Measurement, format_number, latency_of, median_of, single_value


def test_repeats_become_their_median_with_the_extremes() -> None:
    assert median_of([3.0, 1.0, 2.0], "ms", LOWER, 600) == Measurement(2.0, 1.0, 3.0, "ms", LOWER, 600)


def test_a_latency_spreads_from_its_median_to_its_95th_percentile() -> None:
    percentiles = {"p50_ms": 1.5, "p95_ms": 2.5, "p99_ms": 9.0}
    assert latency_of(percentiles, 60) == Measurement(1.5, 1.5, 2.5, "ms", LOWER, 60, "median, to the 95th percentile")


def test_a_measurement_is_shown_with_its_unit_and_its_spread_if_it_has_one() -> None:
    assert str(median_of([3.0, 1.0, 2.0], "ms", LOWER)) == "2 ms (1 to 3)"
    assert str(median_of([2.0, 2.0], "ms", LOWER)) == "2 ms"
    assert str(single_value(0.5, "", HIGHER)) == "0.500"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (12345.6, "12,346"),
        (99.96, "100.0"),
        (12.34, "12.3"),
        (0.98765, "0.988"),
        (0.0001234, "0.000123"),
        (1e-9, "1.0e-09"),
        (-3.14159, "-3.14"),
        (7.0, "7"),
    ],
)
def test_numbers_have_three_significant_digits_or_all_before_the_decimal_point(value: float, text: str) -> None:
    assert format_number(value) == text
