"""The check of vectors before they are stored or searched for."""

from typing import Any

import numpy as np
import pytest

from storage.errors import InvalidVectors
from storage.types.vectors import checked_vectors
from tests.errors import error_message

#: The largest float32 whose square is finite in float32.
LARGEST = np.float32(1.8446743e19)

NOT_FINITE = "expected finite vectors with a squared norm below 3.4e+38, got NaN, infinity or a larger value in row {}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param([1, 2, 3], "expected vectors of 2 dimensions, got an array of shape (3,)", id="other dimension"),
        pytest.param(np.zeros((4, 1)), "expected vectors of 2 dimensions, got an array of shape (4, 1)", id="narrow"),
        pytest.param(
            np.zeros((1, 1, 2)), "expected vectors of 2 dimensions, got an array of shape (1, 1, 2)", id="3-d"
        ),
        pytest.param(5.0, "expected vectors of 2 dimensions, got an array of shape ()", id="a number"),
        pytest.param([], "expected vectors of 2 dimensions, got an array of shape (0,)", id="nothing"),
        pytest.param([[1, 2], [3]], "expected vectors of 2 dimensions, got rows of unequal lengths", id="ragged"),
        pytest.param([["1", "2"]], "expected vectors of real numbers, got dtype <U1", id="text"),
        pytest.param([[1, None]], "expected vectors of real numbers, got dtype object", id="None"),
        pytest.param([[1, 2**70]], "expected vectors of real numbers, got dtype object", id="an integer too large"),
        pytest.param([[1, 2j]], "expected vectors of real numbers, got dtype complex128", id="complex"),
        pytest.param([[True, False]], "expected vectors of real numbers, got dtype bool", id="bool"),
        pytest.param([[1, np.nan]], NOT_FINITE.format(0), id="NaN"),
        pytest.param([[1, 2], [np.inf, 2], [np.nan, 2]], NOT_FINITE.format(1), id="infinity"),
        pytest.param([[1, 2], [3, 4], [-np.inf, 2]], NOT_FINITE.format(2), id="negative infinity"),
        pytest.param([[1, 1e39]], NOT_FINITE.format(0), id="beyond float32"),
        pytest.param([[1, 1.9e19]], NOT_FINITE.format(0), id="a square beyond float32"),
        pytest.param([[LARGEST, LARGEST]], NOT_FINITE.format(0), id="a squared norm beyond float32"),
    ],
)
def test_vectors_that_cannot_be_searched_are_refused(given: Any, message: str) -> None:
    assert error_message(InvalidVectors, checked_vectors, given, 2) == message


@pytest.mark.parametrize(
    "given",
    [
        pytest.param([[1, 2], [3, 4], [5, 6]], id="lists"),
        pytest.param(((1, 2), (3, 4), (5, 6)), id="tuples"),
        *(pytest.param(np.array([[1, 2], [3, 4], [5, 6]], kind), id=kind) for kind in ("<f4", ">f4", "<f8", ">f8")),
        *(pytest.param(np.array([[1, 2], [3, 4], [5, 6]], kind), id=kind) for kind in ("f2", "g", "u1", "<i4", ">i8")),
        pytest.param(np.array([[1, 2], [3, 4], [5, 6]], np.float32, order="F"), id="Fortran order"),
        pytest.param(np.array([[5, 6], [3, 4], [1, 2]], np.float32)[::-1], id="reversed"),
        pytest.param(np.array([[1, 0, 2, 0], [3, 0, 4, 0], [5, 0, 6, 0]], np.float64)[:, ::2], id="every other"),
    ],
)
def test_arrays_of_real_numbers_become_native_contiguous_float32(given: Any) -> None:
    rows = checked_vectors(given, 2)
    assert rows.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert (rows.dtype.str, rows.dtype.isnative, rows.flags.c_contiguous) == (np.dtype(np.float32).str, True, True)


def test_float64_is_rounded_to_the_nearest_float32() -> None:
    assert checked_vectors([[0.1, 1 / 3]], 2).tolist() == [[np.float32(0.1), np.float32(1 / 3)]]


def test_one_vector_becomes_one_row() -> None:
    assert checked_vectors([3, 4], 2).tolist() == [[3, 4]]


def test_an_empty_array_has_no_vectors() -> None:
    assert checked_vectors(np.empty((0, 2)), 2).shape == (0, 2)


def test_the_largest_and_the_smallest_numbers_that_can_be_searched_are_kept() -> None:
    smallest = np.float32(1e-45)
    given = np.array([[LARGEST, 0], [-LARGEST, smallest], [-0.0, -smallest]], np.float32)
    assert checked_vectors(given, 2).tobytes() == given.tobytes()


def test_the_given_array_is_not_changed() -> None:
    given = np.array([[0.1, 2]], np.float64)
    given.flags.writeable = False
    assert checked_vectors(given, 2).flags.writeable
    assert given.tolist() == [[0.1, 2]]
