"""Canonical answers: what float64 says, by distance and then position, whatever the index proposed."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from storage.nearest import exact
from storage.nearest.faiss_bytes import FaissBytes
from storage.nearest.faiss_flat import FaissFlat
from tests.storage.stores import random_vectors

Floats = NDArray[np.float32]
#: A whole answer: positions and distances.
Answer = tuple[list[int], list[float]]


def flat(vectors: Floats) -> FaissFlat:
    index = FaissFlat(vectors.shape[1])
    index.add(vectors)
    return index


def oracle(vectors: Floats, query: Floats, k: int, out: Sequence[int] = ()) -> Answer:
    """Return the answer that float64 gives, by comparing everything."""
    distances = np.sqrt(np.square(vectors.astype(np.float64) - query.astype(np.float64)).sum(axis=1))
    order = [place for place in np.argsort(distances, kind="stable").tolist() if place not in set(out)][:k]
    return order, distances[order].tolist()


def answers(vectors: Floats, queries: Floats, k: int, excluded: Sequence[Sequence[int]] | None = None) -> list[Answer]:
    """Return what the product answers."""
    out = None if excluded is None else [np.array(some, np.int64) for some in excluded]
    found = exact.nearest(flat(vectors), queries, k, out)
    return [(positions.tolist(), distances.tolist()) for positions, distances in found]


def clouds(kind: str, count: int, dim: int, seed: int) -> Floats:
    """Return vectors of one of the kinds that an index gets wrong."""
    generator = np.random.default_rng(seed)
    normal = generator.standard_normal((count, dim))
    made = {
        "anywhere": normal,
        "on a grid, with ties and duplicates": generator.integers(-1, 2, (count, dim)),
        "around one far point": 1000 + normal,
        "near-twins": 1 + 1e-6 * normal,
        "of very different lengths": normal * 10.0 ** generator.integers(-18, 18, (count, 1)),
        "so long that squares overflow": normal / np.linalg.norm(normal, axis=1, keepdims=True) * 1.8e19,
        "so short that squares underflow": normal * 1e-23,
        "mostly zero": normal * (generator.random((count, dim)) < 0.1),
    }
    return np.asarray(made[kind], np.float32)


KINDS = [
    "anywhere",
    "on a grid, with ties and duplicates",
    "around one far point",
    "near-twins",
    "of very different lengths",
    "so long that squares overflow",
    "so short that squares underflow",
    "mostly zero",
]


@settings(deadline=None, derandomize=True, max_examples=120)
@given(
    kind=st.sampled_from(KINDS),
    count=st.integers(1, 120),
    dim=st.sampled_from([1, 2, 3, 5, 8, 33, 128]),
    queries=st.integers(1, 6),
    k=st.integers(1, 130),
    leave_out=st.integers(0, 30),
    seed=st.integers(0, 2**32 - 1),
)
def test_answers_are_those_of_float64(
    kind: str, count: int, dim: int, queries: int, k: int, leave_out: int, seed: int
) -> None:
    vectors = clouds(kind, count, dim, seed)
    generator = np.random.default_rng(seed)
    # Some queries are stored vectors, so that distances of zero and ties occur.
    asked = np.where(generator.random((queries, 1)) < 0.5, clouds(kind, queries, dim, seed + 1), vectors[0])
    excluded = [generator.permutation(count)[: generator.integers(leave_out + 1)].tolist() for _ in asked]
    expected = [oracle(vectors, query, k, out) for query, out in zip(asked, excluded, strict=True)]
    assert answers(vectors, asked, k, excluded) == expected
    for query, out, one in zip(asked, excluded, expected, strict=True):
        assert answers(vectors, query[np.newaxis], k, [out]) == [one]


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
    _, proposed = flat(vectors).search(vectors, 1)
    confused = int((proposed[:, 0] != np.arange(1000)).sum())
    assert confused > 100
    assert [found for found, _ in answers(vectors, vectors, 1)] == [[place] for place in range(1000)]


def test_equal_distances_are_ordered_by_position() -> None:
    corners = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [0, 0], [1, 0]], np.float32)
    assert answers(corners, corners[4:5], 6) == [([4, 0, 1, 2, 3, 5], [0.0, 1.0, 1.0, 1.0, 1.0, 1.0])]


def test_of_five_thousand_identical_vectors_the_first_are_found() -> None:
    vectors = np.tile(random_vectors(1, 16), (5000, 1))
    queries = np.concatenate((vectors[:1], vectors[:1]))
    assert answers(vectors, queries, 3, [[], [0, 1, 4999]]) == [([0, 1, 2], [0.0] * 3), ([2, 3, 4], [0.0] * 3)]
    assert answers(vectors, queries[:1], 3, [range(4998)]) == [([4998, 4999], [0.0] * 2)]


def test_k_beyond_what_is_held_gives_all() -> None:
    line = np.array([[3], [0], [1]], np.float32)
    everything: Answer = ([1, 2, 0], [0.0, 1.0, 3.0])
    assert answers(line, line[1:2], 10**12) == [everything]
    assert answers(line, line[[1, 1]], 4, [[], [2, 2]]) == [everything, ([1, 0], [0.0, 3.0])]
    assert answers(line, line[1:2], 5, [[0, 1, 2]]) == [([], [])]


def test_nothing_held_or_nothing_asked_gives_nothing() -> None:
    assert answers(np.empty((0, 4), np.float32), random_vectors(2, 4), 3) == [([], []), ([], [])]
    assert answers(random_vectors(5, 4), np.empty((0, 4), np.float32), 3) == []


class Wrong:
    """An index that is wrong by as much as it says it can be."""

    def __init__(self, vectors: Floats, by: float, seed: int) -> None:
        self._vectors, self._by, self._generator = vectors, by, np.random.default_rng(seed)

    @property
    def dim(self) -> int:
        return int(self._vectors.shape[1])

    def __len__(self) -> int:
        return len(self._vectors)

    def vectors(self) -> Floats:
        return self._vectors

    def claimed(self, queries: Floats) -> Floats:
        """Return squared distances, (nq, n), each nearer or farther by all that the bound allows."""
        true = np.square(self._vectors.astype(np.float64)[np.newaxis] - queries[:, np.newaxis]).sum(axis=2)
        errors = np.where(self._generator.random(true.shape) < 0.5, -1.0, 1.0) * self._by
        return np.asarray(true + errors, np.float32)

    @property
    def bound(self) -> float:
        return self._by * (1 + 1e-6) + 1e-6

    def around(self, queries: Floats, limit: float) -> list[NDArray[np.int64]]:
        return [np.flatnonzero(row <= limit + self.bound) for row in self.claimed(queries)]

    def proposals(self, query: Floats, count: int) -> Iterator[tuple[NDArray[np.int64], float]]:
        for width in (count // 2, count):
            if width:
                (_, positions, beyond), *_ = self.proposed_by_part(query[np.newaxis], width)
                yield positions[0], float(beyond[0])

    def proposed_by_part(
        self, queries: Floats, count: int
    ) -> Iterator[tuple[slice, NDArray[np.int64], NDArray[np.float64]]]:
        for start in range(0, len(queries), 2):
            part = slice(start, start + 2)
            claimed = self.claimed(queries[part])
            order = np.argsort(claimed, axis=1)[:, :count]
            beyond = np.full(len(order), np.inf)
            if count < len(self):
                beyond = np.take_along_axis(claimed, order, axis=1)[:, -1] - self.bound
            yield part, order, beyond


@settings(deadline=None, derandomize=True, max_examples=60)
@given(by=st.sampled_from([0.0, 0.01, 0.3, 2.0, 100.0]), k=st.integers(1, 60), seed=st.integers(0, 2**32 - 1))
def test_an_index_that_errs_within_its_bound_changes_no_answer(by: float, k: int, seed: int) -> None:
    vectors, queries = random_vectors(200, 3, seed), random_vectors(4, 3, seed + 1)
    found = exact.nearest(Wrong(vectors, by, seed), queries, k)
    assert [(positions.tolist(), distances.tolist()) for positions, distances in found] == [
        oracle(vectors, query, k) for query in queries
    ]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_queries_that_are_searched_in_parts_have_the_answers_of_each_alone(
    monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr("storage.nearest.faiss_flat._PAIRS_IN_PARTS", 1)
    monkeypatch.setattr("storage.nearest.faiss_flat.faiss.omp_get_max_threads", lambda: threads)
    vectors, queries = random_vectors(500, 8, 1), random_vectors(300, 8, 2)
    index = flat(vectors)
    parts = list(exact.nearest_by_part(index, queries, 5))
    assert len(parts) == {1: 1, 2: 4, 3: 5}[threads]
    found = [(positions.tolist(), distances.tolist()) for part in parts for positions, distances in part]
    assert found == [oracle(vectors, query, 5) for query in queries]


def test_what_goes_wrong_in_a_part_is_raised_and_nothing_is_searched_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.nearest.faiss_flat._PAIRS_IN_PARTS", 1)
    monkeypatch.setattr("storage.nearest.faiss_flat.faiss.omp_get_max_threads", lambda: 2)
    index = flat(random_vectors(500, 8, 1))
    with mock.patch.object(index, "search", side_effect=MemoryError("no room")), pytest.raises(MemoryError):
        exact.nearest(index, random_vectors(300, 8, 2), 5)


def true_squares(vectors: Floats, query: Floats) -> NDArray[np.float64]:
    return np.asarray(np.square(vectors.astype(np.float64) - query.astype(np.float64)).sum(axis=1))


#: How a single query is compared: by pairs, by products, and with the vectors rounded to bytes first.
WAYS = {
    "by pairs": {"nearest.faiss_flat._FOR_ONE_THREAD": 2**62},
    "by products": {"nearest.faiss_flat._FOR_ONE_THREAD": 0},
    "by bytes": {
        "nearest.faiss_flat._FOR_ONE_THREAD": 0,
        "nearest.rounded.NOT_ROUNDED": 0,
        "nearest.rounded._FEW_QUERIES": 0,
    },
}


@contextmanager
def comparing(way: str) -> Iterator[None]:
    """Have single queries compared in one of the ways, whatever suits the number of vectors."""
    with ExitStack() as patches:
        for name, value in WAYS[way].items():
            patches.enter_context(mock.patch(f"storage.{name}", value))
        patches.enter_context(mock.patch("storage.nearest.faiss_bytes._FILLED_UP", 64))
        patches.enter_context(mock.patch("storage.nearest.faiss_bytes._LEAST_IN_LIST", 50))
        yield


@settings(deadline=None, derandomize=True, max_examples=240)
@given(
    kind=st.sampled_from(KINDS),
    dim=st.sampled_from([1, 2, 3, 17, 64, 128, 1000]),
    seed=st.integers(0, 2**32 - 1),
    way=st.sampled_from([*WAYS]),
)
def test_no_vector_is_nearer_than_what_all_that_were_not_proposed_are_beyond(
    kind: str, dim: int, seed: int, way: str
) -> None:
    vectors = clouds(kind, 150, dim, seed)
    index = flat(vectors)
    with comparing(way):
        for query in np.concatenate((clouds(kind, 5, dim, seed + 1), -vectors[:2], vectors[:2], vectors[:1] * 0.3)):
            true = true_squares(vectors, query)
            for positions, beyond in index.proposals(query, 4):
                others = np.delete(true, positions)
                assert (others * (1 + 1e-12) >= beyond).all()
            assert len(positions) >= 4


@settings(deadline=None, derandomize=True, max_examples=60)
@given(kind=st.sampled_from(KINDS), dim=st.sampled_from([1, 3, 17, 128, 1000]), seed=st.integers(0, 2**32 - 1))
def test_no_vector_is_nearer_than_what_all_are_beyond_that_a_batch_did_not_propose(
    kind: str, dim: int, seed: int
) -> None:
    vectors = clouds(kind, 150, dim, seed)
    # Enough queries that FAISS takes its way for batches, by inner products.
    queries = np.resize(np.concatenate((clouds(kind, 20, dim, seed + 1), -vectors[:5], vectors[:5])), (2500, dim))
    ((part, positions, beyond),) = flat(vectors).proposed_by_part(queries, 4)
    assert part == slice(0, 2500)
    for query, proposed, limit in zip(queries[:30], positions, beyond, strict=False):
        others = true_squares(vectors, query)
        if np.isfinite(limit):
            others = np.delete(others, proposed)
        assert (others * (1 + 1e-12) >= limit).all()


def test_bytes_are_enough_for_vectors_of_one_scale_and_given_up_for_others() -> None:
    """The scale is that of the largest number: beside a few very large ones all the others look the same."""
    even, uneven = random_vectors(2000, 64, 1), random_vectors(2000, 64, 1)
    uneven[:3] *= 1e6
    rounded: list[int] = []
    propose = FaissBytes.proposed

    def counted(*given: Any) -> tuple[NDArray[np.int64], float]:
        rounded.append(1)
        return propose(*given)

    with comparing("by bytes"), mock.patch.object(FaissBytes, "proposed", counted):
        for vectors, expected in ((even, 100), (uneven, 7)):
            rounded.clear()
            index = flat(vectors)
            for query in random_vectors(100, 64, 2):
                found, distances = exact.nearest_of_one(index, query, 5)
                assert (found.tolist(), distances.tolist()) == oracle(vectors, query, 5)
            assert len(rounded) == expected


@pytest.mark.parametrize("largest", [1.0, 1e6], ids=["bytes are enough", "bytes are given up"])
def test_threads_that_ask_at_once_are_answered_as_one(largest: float) -> None:
    vectors, queries = random_vectors(3000, 64, 1), random_vectors(200, 64, 2)
    vectors[:3] *= largest
    index = flat(vectors)
    with comparing("by bytes"), mock.patch("storage.nearest.rounded._FEW_QUERIES", 20), ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda query: exact.nearest_of_one(index, query, 5), queries))
    assert [(positions.tolist(), distances.tolist()) for positions, distances in found] == [
        oracle(vectors, query, 5) for query in queries
    ]


@pytest.mark.parametrize("vectors", [np.zeros((9, 64)), np.full((9, 64), 1e-38), np.ones((9, 3))])
def test_vectors_that_bytes_do_not_suit_are_not_rounded(vectors: NDArray[np.float64]) -> None:
    assert FaissBytes.of(vectors.astype(np.float32)) is None
