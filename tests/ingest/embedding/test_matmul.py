"""Products in blocks: right, and the same bits for a row wherever it stands and whatever stands beside it."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from ingest.embedding.linalg.blas_threads import one_blas_thread
from ingest.embedding.linalg.matmul import BLOCK, in_blocks
from ingest.embedding.network.backbone import Floats

RANDOM = np.random.default_rng(9)


def rows(count: int, width: int) -> Floats:
    return np.maximum(RANDOM.standard_normal((count, width)), 0).astype(np.float32)


def bits(products: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.uint32]]:
    return products.view(np.uint32)


@pytest.mark.parametrize("width", [4, 512, 4096])
@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_products_are_those_of_one_large_product(count: int, width: int) -> None:
    some, matrix = rows(count, width), rows(width, 128) - 0.5
    expected = some.astype(np.float64) @ matrix.astype(np.float64)
    np.testing.assert_allclose(in_blocks(some, matrix), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("dim", [4, 100, 128])
@pytest.mark.parametrize("width", [4, 512, 4096])
def test_a_row_has_the_same_bits_at_every_place_alone_and_among_others(width: int, dim: int) -> None:
    some, matrix = rows(2 * BLOCK + 7, width), rows(width, dim) - 0.5
    together = in_blocks(some, matrix)
    order = RANDOM.permutation(len(some))
    np.testing.assert_array_equal(bits(in_blocks(some[order], matrix)), bits(together[order]))
    alone = np.concatenate([in_blocks(row[np.newaxis], matrix) for row in some])
    np.testing.assert_array_equal(bits(alone), bits(together))
    for place in range(BLOCK):
        moved = in_blocks(np.roll(some[:BLOCK], place, axis=0), matrix)
        np.testing.assert_array_equal(bits(np.roll(moved, -place, axis=0)), bits(together[:BLOCK]))


def test_what_rows_are_centred_on_is_taken_from_each() -> None:
    some, matrix, centre = rows(BLOCK + 3, 64), rows(64, 8), rows(1, 64)[0]
    np.testing.assert_array_equal(in_blocks(some, matrix, centre), in_blocks(some - centre, matrix))


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_processors_does_not_change_a_bit(threads: int) -> None:
    some, matrix = rows(BLOCK, 4096), rows(4096, 128) - 0.5
    expected = in_blocks(some, matrix)
    with threadpool_limits(threads, user_api="blas"):
        np.testing.assert_array_equal(bits(in_blocks(some, matrix)), bits(expected))


def test_blas_has_its_threads_again_after_a_product() -> None:
    with threadpool_limits(2, user_api="blas"):
        with one_blas_thread():
            assert 1 in blas_threads()
        assert blas_threads() == {2}
