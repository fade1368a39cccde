"""Canonical answers: what float64 says, by distance and then position, whatever the index proposed."""

from collections.abc import Iterator, Sequence
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from storage import exact
from storage.faiss_flat import FaissFlat
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
def test_a_query_alone_is_answered_as_in_a_batch_to_the_bit(
    kind: str, dim: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, queries = clouds(kind, 400, dim, 5), clouds(kind, 1000 if dim == 128 else 50, dim, 6)
    in_batch = answers(vectors, queries, 7)
    alone = [answers(vectors, query[np.newaxis], 7)[0] for query in queries[:50]]
    # As the many vectors of a large store are compared, by their products with the query.
    monkeypatch.setattr("storage.faiss_flat._FOR_ONE_THREAD", 0)
    by_products = [answers(vectors, query[np.newaxis], 7)[0] for query in queries[:50]]
    assert in_batch[:50] == alone == by_products


def test_near_twins_that_float32_confuses_are_told_apart() -> None:
    vectors = clouds("near-twins", 1000, 128, 7)
    _, proposed = flat(vectors).candidates(vectors, 1)
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

    def around(self, queries: Floats, limits: NDArray[np.float64]) -> list[NDArray[np.int64]]:
        return [np.flatnonzero(row <= limit) for row, limit in zip(self.claimed(queries), limits, strict=True)]

    def candidates(self, queries: Floats, count: int) -> tuple[Floats, NDArray[np.int64]]:
        claimed = self.claimed(queries)
        order = np.argsort(claimed, axis=1)[:, :count]
        return np.take_along_axis(claimed, order, axis=1), order

    def candidates_by_part(self, queries: Floats, count: int) -> Iterator[tuple[slice, Floats, NDArray[np.int64]]]:
        for start in range(0, len(queries), 2):
            part = slice(start, start + 2)
            yield part, *self.candidates(queries[part], count)

    def error_bound(self, queries: Floats) -> NDArray[np.float64]:
        return np.full(len(queries), self._by * (1 + 1e-6) + 1e-6)


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
    monkeypatch.setattr("storage.faiss_flat._PAIRS_IN_PARTS", 1)
    monkeypatch.setattr("storage.faiss_flat.faiss.omp_get_max_threads", lambda: threads)
    vectors, queries = random_vectors(500, 8, 1), random_vectors(300, 8, 2)
    index = flat(vectors)
    parts = list(exact.nearest_by_part(index, queries, 5))
    assert len(parts) == {1: 1, 2: 4, 3: 5}[threads]
    found = [(positions.tolist(), distances.tolist()) for part in parts for positions, distances in part]
    assert found == [oracle(vectors, query, 5) for query in queries]


def test_what_goes_wrong_in_a_part_is_raised_and_nothing_is_searched_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.faiss_flat._PAIRS_IN_PARTS", 1)
    monkeypatch.setattr("storage.faiss_flat.faiss.omp_get_max_threads", lambda: 2)
    index = flat(random_vectors(500, 8, 1))
    with mock.patch.object(index, "search", side_effect=MemoryError("no room")), pytest.raises(MemoryError):
        exact.nearest(index, random_vectors(300, 8, 2), 5)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(
    kind=st.sampled_from(KINDS),
    dim=st.sampled_from([1, 2, 3, 17, 128, 1000]),
    seed=st.integers(0, 2**32 - 1),
    batch=st.booleans(),
    products=st.booleans(),
)
def test_squared_distances_of_the_index_are_within_its_bound(
    kind: str, dim: int, seed: int, batch: bool, products: bool
) -> None:
    vectors = clouds(kind, 40, dim, seed)
    # Enough queries that FAISS takes its way for batches, by inner products.
    count = max(130_000 // dim, 30) if batch and dim > 100 else 30 if batch else 1
    queries = np.resize(np.concatenate((clouds(kind, 20, dim, seed + 1), -vectors[:5], vectors[:5])), (count, dim))
    index = flat(vectors)
    with mock.patch("storage.faiss_flat._FOR_ONE_THREAD", 0 if products else 2**24):
        squared, positions = index.candidates(queries, 40)
    differences = vectors.astype(np.float64)[positions[:30]] - queries[:30, np.newaxis].astype(np.float64)
    errors = np.abs(squared[:30] - np.square(differences).sum(axis=2))
    held = np.isfinite(squared[:30])
    bounds = np.broadcast_to(index.error_bound(queries[:30])[:, np.newaxis], errors.shape)
    assert (errors[held] <= bounds[held]).all()
