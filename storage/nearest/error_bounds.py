"""Bounds on the rounding errors of squared distances that are computed in float32."""

from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

#: Half the distance from 1 to the next float32: the unit roundoff u.
_UNIT_ROUNDOFF = 2.0**-24

#: The smallest float32 above 0: a product below the normal numbers can be off by half of it.
_SMALLEST = 2.0**-149

#: One number or (nq,).
_Norms = TypeVar("_Norms", float, NDArray[np.float64])


def squared_distance_error(squared_norms: _Norms, dim: int, largest: float) -> _Norms:
    """Return how far the squared distances of a query, or of each query, can be from the true ones in float32.

    `squared_norms` are |q|^2 of the queries and `largest` is the largest |x|^2 of the vectors, as float32 computes
    them, but held in float64. The distances are summed as (q-x)^2 or as |q|^2 + |x|^2 - 2qx. With u the unit roundoff
    and g(n) = nu/(1-nu), each inner product of n terms, in whatever order or with fused operations, is within
    g(n) |q||x| (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1); with the few roundings of
    the sum and of the norms themselves either way stays within g(n+8) (|q|+|x|)^2. What each product loses to underflow
    is added; it matters where everything is tiny.
    """
    return _gamma(dim) * (norm_bound(squared_norms, dim) + norm_bound(largest, dim)) ** 2 + _underflow(dim)


def norm_bound(squared_norms: _Norms, dim: int) -> _Norms:
    """Return an upper bound on the norms of vectors whose squared norms float32 computed, held in float64."""
    bound: _Norms = ((squared_norms + _underflow(dim)) * (1 + _gamma(dim))) ** 0.5
    return bound


@cache
def _gamma(dim: int) -> float:
    roundoff = (dim + 8) * _UNIT_ROUNDOFF
    return roundoff / (1 - roundoff)


@cache
def _underflow(dim: int) -> float:
    return 2 * (dim + 8) * _SMALLEST
