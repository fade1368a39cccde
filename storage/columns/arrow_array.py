"""Arrow arrays of Python's values.

They are made of buffers: `pyarrow.array` imports pandas first, which takes as long as a hundred thousand rows.
https://arrow.apache.org/docs/format/Columnar.html
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def arrow_array(values: Sequence[Any] | NDArray[np.bool_], data_type: pa.DataType) -> pa.Array:
    """Return values, which have this type, as an array; texts are UTF-8, and texts and bytes may be None."""
    count = len(values)
    if pa.types.is_fixed_size_binary(data_type):
        return pa.Array.from_buffers(data_type, count, [None, pa.py_buffer(b"".join(values))])
    if not _has_offsets(data_type):
        return _of_numbers(np.array(values, data_type.to_pandas_dtype()), data_type, None)
    present = None
    if None in values:
        present = np.array([value is not None for value in values], np.bool_)
        values = [value or b"" for value in values]
    sizes = np.fromiter(map(len, values), np.int64, count)
    return _of_sizes(sizes, pa.py_buffer(b"".join(values)), data_type, present)


def spread(values: pa.Array, positions: NDArray[np.int64], count: int) -> pa.Array:
    """Return an array of `count` values: these, none of them null, at ascending positions, (n,), null elsewhere."""
    present = np.zeros(count, np.bool_)
    present[positions] = True
    data_type, buffers = values.type, values.buffers()
    if _has_offsets(data_type):
        offsets = np.frombuffer(buffers[1], np.int64, len(values) + 1, values.offset * 8)
        sizes = np.zeros(count, np.int64)
        sizes[positions] = np.diff(offsets)
        return _of_sizes(sizes, pa.py_buffer(buffers[2])[int(offsets[0]) :], data_type, present)
    numbers = np.zeros(count, data_type.to_pandas_dtype())
    held: NDArray[Any] = np.frombuffer(buffers[1], np.uint8 if numbers.dtype == np.bool_ else numbers.dtype)
    if numbers.dtype == np.bool_:
        held = np.unpackbits(held, bitorder="little")
    numbers[positions] = held[values.offset : values.offset + len(values)]
    return _of_numbers(numbers, data_type, present)


def _has_offsets(data_type: pa.DataType) -> bool:
    return data_type in (pa.large_string(), pa.large_binary())


def _of_numbers(numbers: NDArray[Any], data_type: pa.DataType, present: NDArray[np.bool_] | None) -> pa.Array:
    data = _bits(numbers) if numbers.dtype == np.bool_ else pa.py_buffer(numbers)
    return pa.Array.from_buffers(data_type, len(numbers), [_bits(present), data])


def _of_sizes(
    sizes: NDArray[np.int64], data: pa.Buffer, data_type: pa.DataType, present: NDArray[np.bool_] | None
) -> pa.Array:
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return pa.Array.from_buffers(data_type, len(sizes), [_bits(present), pa.py_buffer(offsets), data])


def _bits(truths: NDArray[np.bool_] | None) -> pa.Buffer | None:
    """Return truth values as Arrow has them; None for None, which stands for no null."""
    return None if truths is None else pa.py_buffer(np.packbits(truths, bitorder="little"))
