"""The flat index: its file is FAISS's own, and any other file is refused."""

import gc
import io
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from storage.nearest import faiss_flat
from storage.nearest.error_bounds import difference_error
from storage.nearest.faiss_flat import HEADER_SIZE, FaissFlat
from storage.nearest.faiss_pairs import squared_distances_of_pairs
from tests.storage.nearest.searches import flat
from tests.storage.stores import random_vectors

DIM = 6


def data_of(index: FaissFlat) -> bytes:
    """Return the file that the index writes."""
    file = io.BytesIO()
    index.write(file.write)
    return file.getvalue()


def read(data: bytes, dim: int, count: int) -> NDArray[np.float32] | None:
    """Return the vectors of the index that a file's bytes are read as, or None when they are refused."""
    index = FaissFlat.read(io.BytesIO(data), dim, count, lambda _: None)
    return None if index is None else index.vectors().copy()


# Files


@pytest.mark.parametrize("count", [0, 1, 200])
def test_faiss_opens_the_file_that_is_written(tmp_path: Path, count: int) -> None:
    vectors = random_vectors(count, DIM)
    (tmp_path / "index.faiss").write_bytes(data_of(flat(vectors)))
    opened = faiss.read_index(str(tmp_path / "index.faiss"))
    assert isinstance(opened, faiss.IndexFlatL2)
    assert (opened.d, opened.ntotal, opened.metric_type) == (DIM, count, faiss.METRIC_L2)
    np.testing.assert_array_equal(opened.reconstruct_n(0, count), vectors)


@pytest.mark.parametrize("count", [0, 1, 200])
def test_an_index_that_faiss_writes_is_read(tmp_path: Path, count: int) -> None:
    vectors = random_vectors(count, DIM)
    written = faiss.IndexFlatL2(DIM)
    written.add(vectors)
    faiss.write_index(written, str(tmp_path / "index.faiss"))
    with (tmp_path / "index.faiss").open("rb") as file:
        index = FaissFlat.read(file, DIM, count, lambda _: None)
    assert index is not None
    assert (index.dim, len(index)) == (DIM, count)
    np.testing.assert_array_equal(index.vectors(), vectors)


def test_every_byte_that_is_read_is_passed_to_the_digest() -> None:
    data, digested = data_of(flat(random_vectors(200, DIM))), io.BytesIO()
    assert FaissFlat.read(io.BytesIO(data), DIM, 200, digested.write) is not None
    assert digested.getvalue() == data


@pytest.mark.parametrize(
    ("dim", "count"), [(DIM - 1, 5), (DIM + 1, 5), (DIM, 4), (DIM, 6), (5, DIM), (2 * DIM, 5), (DIM, 0), (3, 10)]
)
def test_an_index_of_another_shape_is_refused(dim: int, count: int) -> None:
    assert read(data_of(flat(random_vectors(5, DIM))), dim, count) is None


def test_a_file_with_any_other_header_is_refused() -> None:
    data = data_of(flat(random_vectors(5, DIM)))
    for offset in range(HEADER_SIZE):
        assert read(data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :], DIM, 5) is None


def test_a_file_that_is_too_short_or_too_long_is_refused() -> None:
    data = data_of(flat(random_vectors(5, DIM)))
    assert len(data) == HEADER_SIZE + 5 * DIM * 4
    for length in range(len(data)):
        assert read(data[:length], DIM, 5) is None
    assert read(data + b"\0", DIM, 5) is None


@pytest.mark.parametrize("make", [faiss.IndexFlatIP, lambda dim: faiss.IndexIDMap2(faiss.IndexFlatL2(dim))])
def test_another_kind_of_index_is_refused(tmp_path: Path, make: Callable[[int], faiss.Index]) -> None:
    faiss.write_index(make(DIM), str(tmp_path / "index.faiss"))
    assert read((tmp_path / "index.faiss").read_bytes(), DIM, 0) is None


def test_no_more_is_read_than_the_expected_index_has() -> None:
    claims_much = io.BytesIO(data_of(flat(random_vectors(50_000, DIM))))
    assert FaissFlat.read(claims_much, DIM, 5, lambda _: None) is None
    assert claims_much.tell() == HEADER_SIZE


# Vectors


def test_vectors_are_added_at_the_next_positions() -> None:
    vectors = random_vectors(9, DIM)
    index = flat(vectors[:4])
    for start, end in ((4, 5), (5, 5), (5, 9)):
        index.add(vectors[start:end])
    np.testing.assert_array_equal(index.vectors(), vectors)


def test_vectors_added_after_their_memory_was_reserved_are_not_moved() -> None:
    vectors = random_vectors(9, DIM)
    index = flat(vectors[:4])
    index.reserve(9)
    before = index.vectors()
    index.add(vectors[4:])
    np.testing.assert_array_equal(index.vectors(), vectors)
    assert np.shares_memory(before, index.vectors())


@pytest.mark.parametrize(
    "mask",
    [
        pytest.param(lambda count: np.zeros(count, np.bool_), id="none"),
        pytest.param(lambda count: np.ones(count, np.bool_), id="all"),
        pytest.param(lambda count: np.arange(count) % 3 == 1, id="every third"),
        pytest.param(lambda count: np.arange(count) == count - 1, id="the last"),
    ],
)
@pytest.mark.parametrize("count", [30, 150_000])
def test_dropped_vectors_close_up_in_order(mask: Callable[[int], NDArray[np.bool_]], count: int) -> None:
    vectors = random_vectors(count, 2)
    index = flat(vectors)
    index.candidates(vectors[0], 1)
    index.keep(mask(count))
    expected = vectors[mask(count)]
    np.testing.assert_array_equal(index.vectors(), expected)
    assert data_of(index) == data_of(flat(expected))
    index.add(vectors[:5])
    np.testing.assert_array_equal(index.vectors(), np.concatenate((expected, vectors[:5])))


def test_candidates_are_the_nearest_of_the_vectors_held_now() -> None:
    line = np.array([[0], [1], [3], [7], [15]], np.float32)
    index, query = flat(line), np.array([6], np.float32)

    def positions(count: int) -> tuple[set[int], list[list[int]]]:
        """Return the candidates of the query alone and in a batch of three."""
        alone = index.candidates(query, count)
        assert alone is not None
        with mock.patch.object(faiss_flat, "MARGIN", 0):
            ((_, batch),) = index.candidates_in_parts(np.tile(query, (3, 1)), count)
        assert batch.rows.tolist() == sorted([0, 1, 2] * count)
        return set(alone.positions.tolist()), batch.positions.reshape(3, count).tolist()

    assert positions(3) == ({3, 2, 1}, [[3, 2, 1]] * 3)
    index.keep(np.array([True, True, True, False, True]))
    assert positions(4) == ({2, 1, 0, 3}, [[2, 1, 0, 3]] * 3)
    index.add(np.array([[5]], np.float32))
    assert positions(1) == ({4}, [[4]] * 3)


@pytest.mark.parametrize("queries", [3, 200_000], ids=["a few", "a large batch"])
def test_a_distance_beyond_float32_leaves_no_lower_bound(queries: int) -> None:
    index = flat(np.array([[1.8e19], [-1.8e19]], np.float32))
    ((_, batch),) = index.candidates_in_parts(np.full((queries, 1), 1.8e19, np.float32), 2)
    assert (batch.lower_bounds == -np.inf).all()
    assert not len(batch.rows)


def test_pairs_are_compared_one_by_one_and_the_number_of_threads_stays() -> None:
    vectors, queries = random_vectors(300, 37, 1), random_vectors(40, 37, 2)
    rows, positions = np.divmod(np.arange(0, 12_000, 7), 300)
    threads = faiss.omp_get_max_threads()
    squared = squared_distances_of_pairs(queries, rows, vectors, positions)
    assert faiss.omp_get_max_threads() == threads
    true = np.square(queries[rows].astype(np.float64) - vectors[positions]).sum(axis=1)
    factor, addend = difference_error(37)
    assert (squared <= true * (1 + factor) + addend).all()
    assert (squared >= true * (1 - factor) - addend).all()
    assert len(squared_distances_of_pairs(queries, rows[:0], vectors, positions[:0])) == 0


def test_vectors_outlive_their_index() -> None:
    vectors = random_vectors(50_000, DIM)
    view = flat(vectors).vectors()
    gc.collect()
    flat(np.zeros((50_000, DIM), np.float32))
    np.testing.assert_array_equal(view, vectors)
