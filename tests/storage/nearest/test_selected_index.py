"""The nearest of some vectors are those that float64 says, whether they are copied or searched among the others."""

from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray

from storage.nearest import exact
from storage.nearest.faiss_sq8 import FaissSq8
from storage.nearest.range_search import range_search
from storage.nearest.selected_index import SelectedIndex
from tests.storage.nearest.hard_vectors import KINDS, Floats, clouds
from tests.storage.nearest.searches import WAYS, Lists, as_lists, comparing, flat, oracle, range_oracle, true_squares
from tests.storage.stores import random_vectors

COUNT, DIM = 2100, 64

#: Which vectors are selected: of the first five only the last is few enough to be copied.
MASKS: dict[str, NDArray[np.bool_]] = {
    "half": np.arange(COUNT) % 2 == 0,
    "one half": np.arange(COUNT) < COUNT // 2,
    "all but the first": np.arange(COUNT) > 0,
    "all": np.ones(COUNT, np.bool_),
    "a sixteenth": np.arange(COUNT) % 16 == 3,
    "one": np.arange(COUNT) == 77,
    "none": np.zeros(COUNT, np.bool_),
}


def right(vectors: Floats, query: Floats, k: int, mask: NDArray[np.bool_], excluded: list[int]) -> Lists:
    return oracle(vectors, query, k, [*np.flatnonzero(~mask).tolist(), *excluded])


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_single_queries_have_the_nearest_of_the_selected(way: str, kind: str, mask: NDArray[np.bool_]) -> None:
    vectors = clouds(kind, COUNT, DIM, 3)
    queries = np.concatenate((clouds(kind, 2, DIM, 4), vectors[[0, 1, COUNT - 1]]))
    index, excluded = SelectedIndex(flat(vectors), mask), np.array([1, 3, 19])
    with comparing(way):
        for k in (1, 7, COUNT):
            answers = as_lists([exact.nearest_to(index, query, k, excluded) for query in queries])
            assert answers == [right(vectors, query, k, mask, excluded.tolist()) for query in queries]


def test_after_a_few_queries_the_quantized_vectors_of_a_selection_are_copied_and_the_answers_stay() -> None:
    vectors, queries, mask = random_vectors(3000, DIM, 1), random_vectors(30, DIM, 2), np.arange(3000) % 10 < 4
    index = SelectedIndex(flat(vectors), mask)
    with comparing("quantized"):
        before = index.nbytes
        answers = as_lists([exact.nearest_to(index, query, 5) for query in queries])
        assert answers == [right(vectors, query, 5, mask, []) for query in queries]
        # Each of the 1,200 has 64 bytes and a position.
        assert index.nbytes - before >= 1200 * (64 + 8)


@pytest.mark.parametrize("lists", [1, 3])
def test_a_part_of_quantized_vectors_finds_what_its_vectors_quantized_alone_would(lists: int) -> None:
    vectors, positions = random_vectors(1000, DIM, 3), np.flatnonzero(np.arange(1000) % 7 == 2)
    with comparing("quantized"), mock.patch("faiss.omp_get_max_threads", return_value=lists):
        whole = FaissSq8.quantize(vectors)
        assert whole is not None
        part = whole.part(positions)
        for query in random_vectors(20, DIM, 4):
            found, all_found = part.candidates(query, 20), whole.candidates(query, 1000)
            expected = all_found.positions[np.isin(all_found.positions, positions)][:20]
            assert sorted(found.positions.tolist()) == sorted(expected.tolist())
            others = np.setdiff1d(positions, found.positions)
            assert found.lower_bound <= true_squares(vectors[others], query).min()


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_batches_and_ranges_have_those_of_the_selected(kind: str, mask: NDArray[np.bool_]) -> None:
    vectors, queries = clouds(kind, COUNT, DIM, 5), clouds(kind, 20, DIM, 6)
    index, unselected = SelectedIndex(flat(vectors), mask), np.flatnonzero(~mask).tolist()
    assert as_lists(exact.nearest(index, queries, 5)) == [oracle(vectors, query, 5, unselected) for query in queries]
    radius = float(np.median(exact.distances_to(vectors, queries[0])))
    for part in (queries[:1], queries):
        expected = [range_oracle(vectors, query, radius, unselected) for query in part]
        assert as_lists(range_search(index, part, radius)) == expected


def test_quantized_vectors_serve_filters_also_where_all_the_nearest_are_not_selected() -> None:
    near, far = random_vectors(1000, DIM, 1), random_vectors(3000, DIM, 2) + np.float32(10)
    vectors = np.concatenate((near, far))
    index, mask = flat(vectors), np.arange(4000) >= 1000
    with comparing("quantized"):
        for query in random_vectors(30, DIM, 3):
            candidates = index.candidates_among(SelectedIndex(index, mask)._selection, query, 10, None)
            assert candidates is not None
            assert candidates.quantized
            assert mask[candidates.positions].all()
            assert as_lists([exact.nearest_to(SelectedIndex(index, mask), query, 5)]) == [
                right(vectors, query, 5, mask, [])
            ]
