"""Confidence intervals of proportions."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: The two-sided 5 % quantile of the normal distribution.
_Z95 = 1.959964


def wilson_interval(proportion: float, count: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a proportion observed in `count` trials.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    z = _Z95
    spread = 1 + z * z / count
    middle = (proportion + z * z / (2 * count)) / spread
    half = z * math.sqrt(proportion * (1 - proportion) / count + z * z / (4 * count * count)) / spread
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % confidence interval of the mean of many values from 0 to 1, by its standard error."""
    mean, error = float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))
    return max(0.0, mean - _Z95 * error), min(1.0, mean + _Z95 * error)


#: Two-sided 5 % quantiles of Student's t distribution, by degrees of freedom.
_T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def t_interval(proportions: Sequence[float]) -> tuple[float, float]:
    """Return Student's 95 % confidence interval of the mean of a proportion that was measured 2 to 10 times.

    Student, "The Probable Error of a Mean", 1908.
    """
    count = len(proportions)
    mean = sum(proportions) / count
    variance = sum((proportion - mean) ** 2 for proportion in proportions) / (count - 1)
    half = _T95[count - 1] * math.sqrt(variance / count)
    return max(0.0, mean - half), min(1.0, mean + half)
