"""Read a query vector from an untrusted NumPy file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.console import printable
from storage.errors import FileUnusable
from storage.files.npy_header import read_npy_header


def read_vector(path: Path) -> NDArray[np.generic]:
    """Return the vector of a .npy file, (dim,) or (1, dim), as (dim,); raise FileUnusable for any other file.

    Pickled objects are refused, and no more memory is allocated than the file is long.
    """
    name = printable(str(path))
    if not path.is_file():
        raise FileUnusable(f"expected a vector in a .npy file, got {name}, which is not a file: name one that exists")
    try:
        with path.open("rb") as file:
            read_npy_header(file)
        # Memory-mapped: a header may claim any size.
        array = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, OverflowError) as error:
        reason = printable(" ".join(str(error).split())[:200])
        raise FileUnusable(
            f"expected a vector in a .npy file, got {name}, which cannot be read ({reason}): write it with numpy.save"
        ) from error
    if array.ndim == 2 and len(array) == 1:
        array = array[0]
    if array.ndim != 1:
        raise FileUnusable(f"expected one vector in {name}, got an array of shape {array.shape}")
    return np.array(array)
