"""The array type of inputs, features and vectors, and its normalization."""

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]


def normalize_rows(rows: Float32Array) -> Float32Array:
    """Return each row, (n, d), scaled to length 1; a row of zeros stays zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)
