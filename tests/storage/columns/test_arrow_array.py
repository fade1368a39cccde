"""Arrays made of buffers equal those that Arrow makes."""

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from storage.columns.arrow_array import arrow_array, spread

CASES = [
    ([-(2**63), 0, 2**63 - 1], pa.int64()),
    ([0, 2**63, 2**64 - 1], pa.uint64()),
    ([-0.0, 1e-308, 1e308], pa.float64()),
    ([True, False, False] * 7, pa.bool_()),
    ([b"", "é\0".encode(), b"x" * 1000], pa.large_string()),
    ([b"", b"\xff\0", b"x"], pa.large_binary()),
    ([b"0123456789abcdef", bytes(16)], pa.binary(16)),
]


def arrow_made(values: list[Any], data_type: pa.DataType) -> pa.Array:
    texts = [value.decode() if pa.types.is_large_string(data_type) and value is not None else value for value in values]
    return pa.array(texts, data_type)


@pytest.mark.parametrize(("values", "data_type"), [*CASES, *(([], data_type) for _, data_type in CASES)], ids=str)
def test_values_become_the_array_that_arrow_makes_of_them(values: list[Any], data_type: pa.DataType) -> None:
    array = arrow_array(values, data_type)
    array.validate(full=True)
    assert array.equals(arrow_made(values, data_type))


@pytest.mark.parametrize("values", [["a", None, "", None, "b"], [None] * 9, [None, "é"]], ids=str)
def test_texts_and_bytes_may_be_missing(values: list[str | None]) -> None:
    data = [value and value.encode() for value in values]
    assert arrow_array(data, pa.large_string()).equals(pa.array(values, pa.large_string()))
    assert arrow_array(data, pa.large_binary()).equals(pa.array(data, pa.large_binary()))


@pytest.mark.parametrize(("values", "data_type"), CASES[:5], ids=str)
@pytest.mark.parametrize("start", [0, 1])
def test_values_are_spread_over_other_positions(values: list[Any], data_type: pa.DataType, start: int) -> None:
    array = arrow_made(values, data_type)[start:]
    positions = np.arange(len(array)) * 3 + 1
    expected: list[Any] = [None] * (3 * len(array) + 8)
    for position, value in zip(positions.tolist(), values[start:], strict=True):
        expected[position] = value
    result = spread(array, positions, len(expected))
    result.validate(full=True)
    assert result.equals(arrow_made(expected, data_type))


def test_pandas_is_not_imported() -> None:
    code = """if True:
        import sys, numpy as np, pyarrow as pa
        from storage.columns.arrow_array import arrow_array, spread
        for values, data_type in [([b"a", None], pa.large_string()), ([1.0], pa.float64()), ([True], pa.bool_())]:
            arrow_array(values, data_type)
            spread(arrow_array(values[:1], data_type), np.array([1]), 2)
        print("pandas" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
