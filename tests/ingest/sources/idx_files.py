"""IDX files made by hand."""

import gzip
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def idx(array: NDArray[np.uint8]) -> bytes:
    """Return an array as the bytes of an IDX file."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def pictures(count: int, first: int = 0) -> NDArray[np.uint8]:
    """Return pictures of 3 by 2 pixels; the first is (first, first + 1), (first + 2, ...)."""
    return np.arange(first, first + count * 6).astype(np.uint8).reshape(count, 3, 2)


def write_split(folder: Path, prefix: str, count: int = 3, *, packed: bool = False) -> None:
    """Write the images and labels of `train` or `t10k`; the labels count down from 9."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"images-idx3": pictures(count), "labels-idx1": np.arange(9, 9 - count, -1, dtype=np.uint8)}
    for name, array in arrays.items():
        data = gzip.compress(idx(array)) if packed else idx(array)
        (folder / f"{prefix}-{name}-ubyte{'.gz' if packed else ''}").write_bytes(data)
