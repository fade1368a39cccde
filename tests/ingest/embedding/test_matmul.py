"""Products in blocks: correct, with the same bits for a row at every position and in every batch."""

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.linalg.blas_threads import one_blas_thread
from ingest.embedding.linalg.matmul import BLOCK, matmul


def features(count: int, width: int) -> Float32Array:
    """Return rows as a layer with ReLU gives them: half of the values are 0."""
    return np.maximum(np.random.default_rng(9).standard_normal((count, width)), 0).astype(np.float32)


def matrix(width: int, dim: int) -> Float32Array:
    return np.random.default_rng(10).standard_normal((width, dim)).astype(np.float32)


def bits(products: Float32Array) -> NDArray[np.uint32]:
    return products.view(np.uint32)


@pytest.mark.parametrize("width", [4, 512, 4096])
@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_products_are_those_of_one_large_product(count: int, width: int) -> None:
    rows, weights = features(count, width), matrix(width, 128)
    expected = rows.astype(np.float64) @ weights.astype(np.float64)
    np.testing.assert_allclose(matmul(rows, weights), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("dim", [4, 100, 128])
@pytest.mark.parametrize("width", [4, 512, 4096])
def test_a_row_has_the_same_bits_at_every_position_alone_and_among_others(width: int, dim: int) -> None:
    rows, weights = features(2 * BLOCK + 7, width), matrix(width, dim)
    together = matmul(rows, weights)
    order = np.random.default_rng(11).permutation(len(rows))
    np.testing.assert_array_equal(bits(matmul(rows[order], weights)), bits(together[order]))
    alone = np.concatenate([matmul(row[np.newaxis], weights) for row in rows])
    np.testing.assert_array_equal(bits(alone), bits(together))
    for shift in range(BLOCK):
        shifted = matmul(np.roll(rows[:BLOCK], shift, axis=0), weights)
        np.testing.assert_array_equal(bits(np.roll(shifted, -shift, axis=0)), bits(together[:BLOCK]))


def test_a_centre_is_subtracted_from_each_row() -> None:
    rows, weights, centre = features(BLOCK + 3, 64), matrix(64, 8), matrix(1, 64)[0]
    np.testing.assert_array_equal(matmul(rows, weights, centre), matmul(rows - centre, weights))


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_threads_does_not_change_a_bit(threads: int) -> None:
    rows, weights = features(BLOCK, 4096), matrix(4096, 128)
    expected = matmul(rows, weights)
    with threadpool_limits(threads, user_api="blas"):
        np.testing.assert_array_equal(bits(matmul(rows, weights)), bits(expected))


def test_blas_has_its_threads_again_after_a_product() -> None:
    with threadpool_limits(2, user_api="blas"):
        with one_blas_thread():
            assert 1 in blas_threads()
        assert blas_threads() == {2}
