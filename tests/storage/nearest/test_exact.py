"""Canonical answers: those of float64, by distance and then position, whichever candidates the index returns."""

from unittest import mock

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.nearest import exact, faiss_threads
from storage.nearest.answers import Answers
from tests.storage.nearest.hard_vectors import KINDS, clouds
from tests.storage.nearest.inexact_index import InexactIndex
from tests.storage.nearest.searches import WAYS, Lists, answers, as_lists, comparing, flat, oracle
from tests.storage.stores import random_vectors


@settings(deadline=None, derandomize=True, max_examples=120)
@given(
    kind=st.sampled_from(KINDS),
    count=st.integers(1, 120),
    dim=st.sampled_from([1, 2, 3, 5, 8, 33, 128]),
    queries=st.integers(1, 6),
    k=st.integers(1, 130),
    most_excluded=st.integers(0, 30),
    seed=st.integers(0, 2**32 - 1),
)
def test_answers_are_those_of_float64(
    kind: str, count: int, dim: int, queries: int, k: int, most_excluded: int, seed: int
) -> None:
    vectors = clouds(kind, count, dim, seed)
    generator = np.random.default_rng(seed)
    # Some queries are stored vectors, so that distances of zero and ties occur.
    batch = np.where(generator.random((queries, 1)) < 0.5, clouds(kind, queries, dim, seed + 1), vectors[0])
    excluded = [generator.permutation(count)[: generator.integers(most_excluded + 1)].tolist() for _ in batch]
    expected = [oracle(vectors, query, k, out) for query, out in zip(batch, excluded, strict=True)]
    assert answers(vectors, batch, k, excluded) == expected
    for query, out, answer in zip(batch, excluded, expected, strict=True):
        assert answers(vectors, query[np.newaxis], k, [out]) == [answer]


@pytest.mark.parametrize("kind", KINDS)
def test_many_vectors_are_answered_as_few(kind: str) -> None:
    vectors = clouds(kind, 10_000, 16, 3)
    queries = np.concatenate((vectors[:15], clouds(kind, 15, 16, 4)))
    assert answers(vectors, queries, 10) == [oracle(vectors, query, 10) for query in queries]


@pytest.mark.parametrize("dim", [1, 2, 3, 7, 8, 9, 16, 128, 130, 512])
@pytest.mark.parametrize("kind", ["anywhere", "near-twins"])
def test_a_query_alone_is_answered_as_in_a_batch_to_the_bit(kind: str, dim: int) -> None:
    vectors, queries = clouds(kind, 400, dim, 5), clouds(kind, 1000 if dim == 128 else 50, dim, 6)
    in_batch = answers(vectors, queries, 7)
    alone = [answers(vectors, query[np.newaxis], 7)[0] for query in queries[:50]]
    for way in WAYS:
        with comparing(way):
            assert [answers(vectors, query[np.newaxis], 7)[0] for query in queries[:50]] == alone
    assert in_batch[:50] == alone


def test_near_twins_that_float32_confuses_are_told_apart() -> None:
    vectors = clouds("near-twins", 1000, 128, 7)
    _, positions = flat(vectors).search(vectors, 1)
    confused = int((positions[:, 0] != np.arange(1000)).sum())
    assert confused > 100
    assert [positions for positions, _ in answers(vectors, vectors, 1)] == [[position] for position in range(1000)]


def test_equal_distances_are_ordered_by_position() -> None:
    corners = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [0, 0], [1, 0]], np.float32)
    assert answers(corners, corners[4:5], 6) == [([4, 0, 1, 2, 3, 5], [0.0, 1.0, 1.0, 1.0, 1.0, 1.0])]


def test_of_five_thousand_identical_vectors_the_first_are_returned() -> None:
    vectors = np.tile(random_vectors(1, 16), (5000, 1))
    queries = np.concatenate((vectors[:1], vectors[:1]))
    assert answers(vectors, queries, 3, [[], [0, 1, 4999]]) == [([0, 1, 2], [0.0] * 3), ([2, 3, 4], [0.0] * 3)]
    assert answers(vectors, queries[:1], 3, [range(4998)]) == [([4998, 4999], [0.0] * 2)]


def test_k_beyond_the_number_of_vectors_gives_all() -> None:
    line = np.array([[3], [0], [1]], np.float32)
    everything: Lists = ([1, 2, 0], [0.0, 1.0, 3.0])
    assert answers(line, line[1:2], 10**12) == [everything]
    assert answers(line, line[[1, 1]], 4, [[], [2, 2]]) == [everything, ([1, 0], [0.0, 3.0])]
    assert answers(line, line[1:2], 5, [[0, 1, 2]]) == [([], [])]


def test_no_vectors_or_no_queries_give_no_hits() -> None:
    assert answers(np.empty((0, 4), np.float32), random_vectors(2, 4), 3) == [([], []), ([], [])]
    assert answers(random_vectors(5, 4), np.empty((0, 4), np.float32), 3) == []


@settings(deadline=None, derandomize=True, max_examples=60)
@given(error=st.sampled_from([0.0, 0.01, 0.3, 2.0, 100.0]), k=st.integers(1, 60), seed=st.integers(0, 2**32 - 1))
def test_an_index_that_errs_within_its_bound_changes_no_answer(error: float, k: int, seed: int) -> None:
    vectors, queries = random_vectors(200, 3, seed), random_vectors(4, 3, seed + 1)
    index, expected = InexactIndex(vectors, error, seed), [oracle(vectors, query, k) for query in queries]
    assert as_lists(exact.nearest(index, queries, k)) == expected
    assert as_lists([exact.nearest_to(index, query, k) for query in queries]) == expected


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_batch_that_is_searched_in_parts_has_the_answers_of_each_query_alone(
    monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(faiss_threads, "_PAIRS_IN_PARTS", 1)
    monkeypatch.setattr(faiss, "omp_get_max_threads", lambda: threads)
    vectors, queries = random_vectors(500, 8, 1), random_vectors(300, 8, 2)
    index = flat(vectors)
    parts = list(exact.nearest_in_parts(index, queries, 5))
    assert len(parts) == {1: 2, 2: 4, 3: 5}[threads]
    assert as_lists(Answers.joined(parts)) == [oracle(vectors, query, 5) for query in queries]


def test_an_error_in_a_part_is_raised_and_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faiss_threads, "_PAIRS_IN_PARTS", 1)
    monkeypatch.setattr(faiss, "omp_get_max_threads", lambda: 2)
    index = flat(random_vectors(500, 8, 1))
    with mock.patch.object(index, "search", side_effect=MemoryError("no room")), pytest.raises(MemoryError):
        exact.nearest(index, random_vectors(300, 8, 2), 5)
