"""What a vector must be before it is stored or searched for."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from storage.errors import InvalidVectors


def checked_vectors(vectors: ArrayLike, dim: int, first_row: int = 0) -> NDArray[np.float32]:
    """Return vectors as (n, dim) float32, C-contiguous and native; a single vector becomes one row.

    Raise InvalidVectors for another dimension, for what is not a real number, for NaN or infinity, and for a
    squared norm beyond float32, which an index would accept and never find again. Its row is counted from `first_row`.
    """
    try:
        given = np.asarray(vectors)
    except ValueError as error:
        raise InvalidVectors(f"expected vectors of {dim} dimensions, got rows of unequal lengths") from error
    if given.ndim == 1:
        given = given[np.newaxis]
    if given.ndim != 2 or given.shape[1] != dim:
        raise InvalidVectors(f"expected vectors of {dim} dimensions, got an array of shape {np.shape(vectors)}")
    if given.dtype.kind not in "fiu":
        raise InvalidVectors(f"expected vectors of real numbers, got dtype {given.dtype}")
    rows = _as_float32(given)
    # einsum says nothing of an overflow; it is what is looked for.
    finite = np.isfinite(np.einsum("ij,ij->i", rows, rows))
    if not finite.all():
        row = int(np.argmin(finite))
        raise InvalidVectors(
            f"expected finite vectors with a squared norm below {np.finfo(np.float32).max:.3g}, "
            f"got NaN, infinity or a larger value in row {first_row + row}"
        )
    return rows


def _as_float32(given: NDArray[Any]) -> NDArray[np.float32]:
    if given.dtype == np.float32:
        return np.ascontiguousarray(given)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(given, np.float32)
