"""A logistic regression of some values, their squares and their products with each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ConfidenceModel:
    """The regression of values less `mean` and divided by `scale`: a constant, and a coefficient of each term.

    `linear` has the coefficients of the values, row i of `products` those of the i-th with itself and all after it.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    constant: float
    linear: tuple[float, ...]
    products: tuple[tuple[float, ...], ...]

    def log_odds(self, values: Sequence[float]) -> float:
        """Return the logarithm of the odds."""
        scaled = (np.array(values) - self.mean) / self.scale
        products = sum(float(value * (scaled[row:] @ self.products[row])) for row, value in enumerate(scaled))
        return float(self.constant + scaled @ self.linear + products)

    @staticmethod
    def terms(scaled: _Floats) -> _Floats:
        """Return the terms of scaled values, (n, d): these, and their products row by row, (n, d + d (d + 1) / 2)."""
        rows, columns = np.triu_indices(scaled.shape[1])
        return np.concatenate((scaled, scaled[:, rows] * scaled[:, columns]), axis=1)

    @classmethod
    def of_terms(cls, mean: _Floats, scale: _Floats, constant: float, coefficients: _Floats) -> "ConfidenceModel":
        """Return the model of the coefficients of all terms, rounded so that they can be written down."""
        count = len(mean)
        products = np.split(coefficients[count:], np.cumsum(np.arange(count, 1, -1)))
        return cls(
            _rounded(mean, 4),
            _rounded(scale, 4),
            round(constant, 3),
            _rounded(coefficients[:count], 3),
            tuple(_rounded(row, 3) for row in products),
        )


def _rounded(values: _Floats, digits: int) -> tuple[float, ...]:
    return tuple(float(value) for value in np.round(values, digits))
