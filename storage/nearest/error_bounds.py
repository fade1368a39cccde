"""Bounds on the rounding errors of squared distances that are computed in float32."""

from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

#: Half the distance from 1 to the next float32: the unit roundoff u.
_UNIT_ROUNDOFF = 2.0**-24

#: The smallest float32 above 0: a product below the normal numbers can be off by half of it.
_SMALLEST = 2.0**-149

#: The smallest normal float32: instructions that multiply bfloat16 take anything nearer to 0 for 0.
SMALLEST_NORMAL = 2.0**-126

#: Covers the rounding of a float64 distance when it is squared and compared.
SLACK = 1 + 2.0**-40

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


def bfloat16_error(dim: int) -> tuple[float, float]:
    """Return (f, a): f * (|q|+|x|)^2 + a bounds the error of |q|^2 + 2 * (|x|^2 / 2 - qx) of bfloat16 vectors q and x.

    |x|^2 / 2 and |q|^2 are rounded to float32, and so is each result of a sum. A product of two bfloat16 has 16
    significant bits, so that float32 holds it; only the sums qx round, in whatever order. Where processors round sums
    to the nearest float32, as AVX512-BF16 and AMX do (Intel 64 and IA-32 Architectures Software Developer's Manual,
    VDPBF16PS and TDPBF16PS), 2qx is within 2 g(n) |q||x| <= g(n) (|q|+|x|)^2 / 2, and twice that if they truncate. With
    the five roundings that follow it stays within g(n+8) (|q|+|x|)^2. Both take every number below the normal ones for
    0, as input and as result: each of n products and n sums of qx, and each rounding, then loses up to 2^-126.
    """
    return _gamma(dim), 4 * (dim + 8) * SMALLEST_NORMAL


def difference_error(dim: int) -> tuple[float, float]:
    """Return (f, a): (1 + f) * |q-x|^2 + a is at least what float32 computes as the sum of (q-x)^2, if it is finite."""
    return _gamma(dim), _underflow(dim)


@cache
def _gamma(dim: int) -> float:
    roundoff = (dim + 8) * _UNIT_ROUNDOFF
    return roundoff / (1 - roundoff)


@cache
def _underflow(dim: int) -> float:
    return 2 * (dim + 8) * _SMALLEST
