"""Figures: their spread, and how they are read."""

import pytest

from benchmarks.common.measurement import HIGHER, LOWER, Measurement, counted, format_number, median_of


def test_repeats_become_their_median_with_the_extremes() -> None:
    assert median_of([3.0, 1.0, 2.0], "ms", LOWER, 600) == Measurement(2.0, 1.0, 3.0, "ms", LOWER, 600)


def test_a_figure_is_shown_with_its_unit_and_its_spread_if_it_has_one() -> None:
    assert median_of([3.0, 1.0, 2.0], "ms", LOWER).shown() == "2 ms (1 to 3)"
    assert median_of([3.0, 1.0, 2.0], "ms", LOWER).shown(spread=False) == "2 ms"
    assert counted(0.5, "", HIGHER).shown() == "0.500"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(
            (0.0, "0"),
            (12345.6, "12,346"),
            (99.96, "100.0"),
            (12.34, "12.3"),
            (0.98765, "0.988"),
            (0.0001234, "0.000123"),
        ),
        *((1e-9, "1.0e-09"), (-3.14159, "-3.14"), (7.0, "7")),
    ],
)
def test_numbers_have_the_digits_that_are_worth_reading(value: float, text: str) -> None:
    assert format_number(value) == text
