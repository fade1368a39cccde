"""The header of an array in NumPy's format, from a file that may be anything."""

import io
from typing import IO, Any

import numpy as np

#: The most bytes of a header: NumPy's own limit for files that are not trusted, which it checks after reading them.
_MAX_HEADER = 10_000

#: How the versions of the format are read, and how many bytes give a header's length.
_VERSIONS = {(1, 0): (np.lib.format.read_array_header_1_0, 2), (2, 0): (np.lib.format.read_array_header_2_0, 4)}


def read_npy_header(stream: IO[bytes], max_header: int = _MAX_HEADER) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return the shape, whether it is in Fortran order and the dtype of the array that a stream begins with.

    Raise ValueError if there is none: NumPy reads headers by Python's parser, which raises errors of many kinds, and
    other ones in each version of Python.
    """
    version = np.lib.format.read_magic(stream)
    if version not in _VERSIONS:
        raise ValueError(f"an array in version {version[0]}.{version[1]} of NumPy's format, where 1.0 or 2.0 is read")
    read, length_size = _VERSIONS[version]
    length = int.from_bytes(stream.read(length_size), "little")
    if length > max_header:
        raise ValueError(f"a header of {length} bytes, where at most {max_header} are read")
    header = stream.read(length)
    if len(header) < length:
        raise ValueError(f"a header of {length} bytes, of which {len(header)} are there")
    try:
        return read(io.BytesIO(length.to_bytes(length_size, "little") + header), max_header_size=max_header)
    except Exception as error:
        raise ValueError("a header that describes no array") from error
