"""A measured number with its unit, its spread and which direction is better, so that two runs can be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

#: Which direction is better; a measurement with "neither" is shown but never judged.
HIGHER, LOWER, NEITHER = "higher", "lower", "neither"

#: Fills a table cell without a value.
NO_VALUE = "\u2013"


@dataclass(frozen=True)
class Measurement:
    """A value and its spread from `low` to `high`; `of` says what these are, such as the extremes of the repeats.

    `samples` is the number of observations behind the value.
    """

    value: float
    low: float
    high: float
    unit: str
    better: str
    samples: int
    of: str = "median, lowest and highest of the repeats"

    def __str__(self) -> str:
        value = f"{format_number(self.value)} {self.unit}".rstrip()
        if self.low < self.high:
            return f"{value} ({format_number(self.low)} to {format_number(self.high)})"
        return value


def median_of(repeats: Sequence[float], unit: str, better: str, samples: int | None = None) -> Measurement:
    """Return the median of the repeats with their extremes; `samples` if each repeat stands for several."""
    return Measurement(float(np.median(repeats)), min(repeats), max(repeats), unit, better, samples or len(repeats))


def single_value(value: float, unit: str, better: str, samples: int = 1) -> Measurement:
    """Return a measurement without a spread."""
    return Measurement(value, value, value, unit, better, samples, "counted")


def latency_of(percentiles: Mapping[str, float], samples: int) -> Measurement:
    """Return a latency in milliseconds from its percentiles: the median, spread to the 95th percentile."""
    median, p95 = percentiles["p50_ms"], percentiles["p95_ms"]
    return Measurement(median, median, p95, "ms", LOWER, samples, "median, to the 95th percentile")


def format_number(value: float) -> str:
    """Return a number with three significant digits, or with all digits before the decimal point."""
    if value == 0 or abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    digits = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:.{digits}f}" if digits <= 6 else f"{value:.1e}"
