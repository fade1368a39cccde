"""A measured number that can be compared with another run's: its unit, its spread, and which way is better."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

#: Which way is better; "neither" is only shown.
HIGHER, LOWER, NEITHER = "higher", "lower", "neither"


#: Stands in a table where there is no figure.
NO_VALUE = "\u2013"


@dataclass(frozen=True)
class Measurement:
    """A value with the ends of its spread: the extremes of the repeats, or an interval as `of` says.

    `samples` is how many measurements stand behind it.
    """

    value: float
    low: float
    high: float
    unit: str
    better: str
    samples: int
    of: str = "median, lowest and highest of the repeats"

    def as_json(self) -> dict[str, Any]:
        """Return the figure as JSON."""
        return asdict(self)

    def shown(self, spread: bool = True) -> str:
        """Return the value to read, with its spread when it has any."""
        value = f"{format_number(self.value)} {self.unit}".rstrip()
        return (
            f"{value} ({format_number(self.low)} to {format_number(self.high)})"
            if spread and self.low < self.high
            else value
        )


def median_of(repeats: Sequence[float], unit: str, better: str, samples: int | None = None) -> Measurement:
    """Return the median of the repeats with its extremes; `samples` when each repeat stands for several."""
    return Measurement(float(np.median(repeats)), min(repeats), max(repeats), unit, better, samples or len(repeats))


def counted(value: float, unit: str, better: str, samples: int = 1) -> Measurement:
    """Return a value that was counted and has no spread."""
    return Measurement(value, value, value, unit, better, samples, "counted")


def format_number(value: float) -> str:
    """Return a number with the digits that are worth reading: three, or all before the point."""
    if value == 0 or abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    digits = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:.{digits}f}" if digits <= 6 else f"{value:.1e}"
