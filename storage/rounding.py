"""How far float32 arithmetic can lead a squared distance astray."""

import math

import numpy as np
from numpy.typing import NDArray

#: Half the distance from 1 to the next float32: the unit roundoff u.
_UNIT_ROUNDOFF = 2.0**-24

#: The smallest float32 above 0: a product below the normal numbers can be off by half of it.
_SMALLEST = 2.0**-149


def squared_distance_error(queries: NDArray[np.float32], largest: float) -> NDArray[np.float64]:
    """Return how far each query's squared distances, computed in float32, can be from the true ones, (nq,) float64.

    `queries` is (nq, dim) float32, and `largest` the largest squared norm of the vectors, as float32 computes it. The
    distances are summed as (q-x)^2 or as |q|^2 + |x|^2 - 2qx. With u the unit roundoff and g(n) = nu/(1-nu), each
    inner product of n terms, in whatever order or with fused operations, is within g(n) |q||x| (Higham, Accuracy and
    Stability of Numerical Algorithms, 2002, section 3.1); with the few roundings of the sum and of the norms
    themselves either way stays within g(n+8) (|q|+|x|)^2. What each product loses to underflow is added; it matters
    where everything is tiny.
    """
    terms = queries.shape[1] + 8
    gamma = terms * _UNIT_ROUNDOFF / (1 - terms * _UNIT_ROUNDOFF)
    wide = queries.astype(np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    lost = 2 * terms * _SMALLEST
    bound: NDArray[np.float64] = gamma * (norms + math.sqrt((largest + lost) * (1 + gamma))) ** 2 + lost
    return bound
