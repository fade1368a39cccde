"""Check vectors before they are stored or searched for."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from storage.errors import InvalidVectors


def checked_vectors(vectors: ArrayLike, dim: int, first_row: int = 0) -> NDArray[np.float32]:
    """Return vectors as (n, dim) float32, C-contiguous and native; a single vector becomes one row.

    Raise InvalidVectors for another dimension, for values that are not real numbers, for NaN or infinity, and for a
    squared norm that overflows float32: an index accepts such a vector but never returns it. Messages number the rows
    from `first_row`.
    """
    try:
        array = np.asarray(vectors)
    except ValueError as error:
        raise InvalidVectors(f"expected vectors of {dim} dimensions, got rows of unequal lengths") from error
    if array.ndim == 1:
        array = array[np.newaxis]
    if array.ndim != 2 or array.shape[1] != dim:
        raise InvalidVectors(f"expected vectors of {dim} dimensions, got an array of shape {np.shape(vectors)}")
    if array.dtype.kind not in "fiu":
        raise InvalidVectors(f"expected vectors of real numbers, got dtype {array.dtype}")
    rows = _as_float32(array)
    searchable = is_searchable(rows)
    if not searchable.all():
        row = int(np.argmin(searchable))
        raise InvalidVectors(
            f"expected finite vectors with a squared norm below {np.finfo(np.float32).max:.3g}, "
            f"got NaN, infinity or a larger value in row {first_row + row}"
        )
    return rows


def is_searchable(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return whether float32 holds the squared norm of each vector, (n, dim) to (n,): others are never found."""
    # einsum overflows to infinity without a warning.
    searchable: NDArray[np.bool_] = np.isfinite(np.einsum("ij,ij->i", vectors, vectors))
    return searchable


def _as_float32(array: NDArray[Any]) -> NDArray[np.float32]:
    if array.dtype == np.float32:
        return np.ascontiguousarray(array)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, np.float32)
