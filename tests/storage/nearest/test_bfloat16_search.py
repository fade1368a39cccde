"""Products of bfloat16 vectors: no bound is too high, none can be left out, and answers are those of float64."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from storage.nearest import batch_search, bfloat16_groups, bfloat16_search, exact, faiss_threads
from storage.nearest.bfloat16_groups import Bfloat16Groups, RoundedQueries
from storage.nearest.bfloat16_search import Bfloat16Search
from storage.nearest.error_bounds import bfloat16_error
from storage.nearest.index import BatchCandidates
from storage.nearest.range_search import range_search
from tests.storage.nearest.hard_vectors import KINDS, Floats, clouds
from tests.storage.nearest.searches import as_lists, flat, oracle, range_oracle, true_squares
from tests.storage.stores import random_vectors

#: Kinds of vectors whose products overflow, or say too little.
LEFT_TO_FAISS = {"of very different lengths", "so long that squares overflow", "so short that squares underflow"}


def long_sums(count: int, dim: int, seed: int) -> Floats:
    """Return vectors that bfloat16 holds, their mean too: near-twins whose products float32 cannot hold."""
    generator = np.random.default_rng(seed)
    twins = generator.integers(128, 255, dim) + (generator.random((count // 2, dim)) < 1 / dim)
    return np.concatenate((twins, -twins)).astype(np.float32)


def make(kind: str, count: int, dim: int, seed: int) -> Floats:
    return long_sums(count, dim, seed) if kind == "long sums" else clouds(kind, count, dim, seed)


def too_high(vectors: Floats, queries: Floats, search: Bfloat16Search, k: int) -> int:
    """Return for how many queries a vector is missing that belongs to the answer."""
    true = np.array([true_squares(vectors, query) for query in queries])
    nearest = search.nearest(queries, k)
    wrong = 0
    for row, lower_bound in enumerate(nearest.lower_bounds):
        others = np.delete(true[row], nearest.positions[nearest.rows == row])
        wrong += int(not (others * (1 + 1e-12) >= lower_bound).all())
        # Otherwise the answer would be searched for again.
        wrong += bool(np.isfinite(lower_bound) & (np.sort(true[row])[k - 1] >= lower_bound))
    for border in np.sqrt(true[:, ::7].min(axis=1)):
        within = search.within(queries, float(border))
        for row in np.flatnonzero(within.lower_bounds >= 0).tolist():
            inside = np.flatnonzero(np.sqrt(true[row]) <= border)
            wrong += int(not np.isin(inside, within.positions[within.rows == row]).all())
    return wrong


@settings(deadline=None, derandomize=True, max_examples=80)
@given(
    kind=st.sampled_from([*KINDS, "long sums"]),
    count=st.sampled_from([64, 65, 640, 701]),
    dim=st.sampled_from([1, 2, 3, 17, 64, 128, 1000]),
    k=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_nothing_that_belongs_to_an_answer_is_missing(kind: str, count: int, dim: int, k: int, seed: int) -> None:
    vectors = make(kind, count, dim, seed)
    queries = np.concatenate((clouds(KINDS[seed % 8], 4, dim, seed + 1), vectors[:4], -vectors[:2], vectors[:2] * 0.3))
    search = Bfloat16Search.of(vectors)
    if kind == "so long that squares overflow":
        assert search is None
    elif search is not None:
        assert too_high(vectors, queries, search, min(k, -(-len(vectors) // 64))) == 0


def patched(part: str) -> AbstractContextManager[object]:
    """Return a patch that makes a part of the bounds too small."""
    factor, addend = bfloat16_error(128)
    errors = {
        "the products' rounding": mock.patch.object(bfloat16_search, "bfloat16_error", return_value=(0.0, addend)),
        "the products' underflow": mock.patch.object(bfloat16_search, "bfloat16_error", return_value=(factor, 0.0)),
        "the differences' rounding": mock.patch.object(bfloat16_search, "difference_error", return_value=(0.0, 0.0)),
    }
    return errors[part]


@pytest.mark.parametrize(
    ("part", "kind", "dim"),
    [
        ("the products' rounding", "long sums", 1000),
        ("the products' underflow", "so short that squares underflow", 17),
        ("the differences' rounding", "anywhere", 17),
    ],
)
def test_each_bound_on_arithmetic_is_needed(part: str, kind: str, dim: int) -> None:
    vectors = make(kind, 640, dim, 3)
    search = Bfloat16Search.of(vectors)
    assert search is not None
    assert too_high(vectors, vectors[:60], search, 5) == 0
    with patched(part):
        assert too_high(vectors, vectors[:60], search, 5) > 0


@pytest.mark.parametrize("bound", ["residuals", "spread"])
def test_each_bound_of_a_cell_is_needed(bound: str) -> None:
    vectors, queries = clouds("anywhere", 2560, 3, 3), clouds("anywhere", 100, 3, 4)
    groups = Bfloat16Groups(vectors)
    assert too_high(vectors, queries, Bfloat16Search(vectors, groups), 5) == 0
    getattr(groups, bound)[:] = 0
    assert too_high(vectors, queries, Bfloat16Search(vectors, groups), 5) > 0


def test_the_residuals_of_queries_are_needed() -> None:
    vectors, queries = clouds("anywhere", 2560, 3, 3), clouds("anywhere", 100, 3, 4)
    groups = Bfloat16Groups(vectors)
    rounded = groups.rounded

    def without_residuals(queries: Floats) -> RoundedQueries:
        return rounded(queries)._replace(residuals=np.zeros(len(queries)))

    with mock.patch.object(groups, "rounded", without_residuals):
        assert too_high(vectors, queries, Bfloat16Search(vectors, groups), 5) > 0


@contextmanager
def products() -> Iterator[list[int]]:
    """Search all batches by products of bfloat16 vectors; yield the numbers of queries that these answered."""
    answered: list[int] = []

    def counting(search: Bfloat16Search, queries: Floats, count: int, radii: NDArray[np.float64]) -> BatchCandidates:
        candidates = candidates_of(search, queries, count, radii)
        answered.append(int((~np.isneginf(candidates.lower_bounds)).sum()))
        return candidates

    candidates_of = Bfloat16Search._candidates
    with (
        mock.patch.object(bfloat16_groups, "supported", return_value=True),
        mock.patch.object(batch_search, "_FEW_QUERIES", 0),
        mock.patch.object(batch_search, "_VECTORS_PER_RESULT", 64),
        mock.patch.object(batch_search, "_FEWEST_DIMENSIONS", 8),
        mock.patch.object(Bfloat16Search, "_candidates", counting),
    ):
        yield answered


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_those_of_float64(kind: str) -> None:
    vectors = clouds(kind, 3000, 24, 1)
    queries = np.concatenate((clouds(kind, 30, 24, 2), vectors[:10]))
    excluded = [np.arange(row % 4) for row in range(len(queries))]
    radius = float(np.sqrt(np.sort(true_squares(vectors, queries[0]))[5]))
    with products() as answered:
        index = flat(vectors)
        near = as_lists(exact.nearest(index, queries, 5, excluded))
        inside = as_lists(range_search(index, queries, radius, excluded))
    lists = [out.tolist() for out in excluded]
    assert near == [oracle(vectors, query, 5, out) for query, out in zip(queries, lists, strict=True)]
    assert inside == [range_oracle(vectors, query, radius, out) for query, out in zip(queries, lists, strict=True)]
    assert bool(sum(answered)) == (kind not in LEFT_TO_FAISS)


def test_a_batch_in_parts_has_the_answers_that_faiss_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faiss_threads, "_PAIRS_IN_PARTS", 1)
    vectors, queries = random_vectors(40_000, 16, 1), random_vectors(700, 16, 2)
    expected = as_lists(exact.nearest(flat(vectors), queries, 7))
    with products() as answered:
        assert as_lists(exact.nearest(flat(vectors), queries, 7)) == expected
    assert sum(answered) == 700


def test_queries_whose_candidates_are_too_many_are_left_to_faiss() -> None:
    # Half of the vectors are equal: whatever is near to them has as many candidates.
    vectors = random_vectors(8000, 16, 1)
    vectors[::2] = vectors[0]
    queries = np.concatenate((random_vectors(30, 16, 2), vectors[:3]))
    with products() as answered:
        assert as_lists(exact.nearest(flat(vectors), queries, 4)) == [oracle(vectors, query, 4) for query in queries]
        inside = as_lists(range_search(flat(vectors), queries, 0.5))
        everything = range_search(flat(vectors), queries, 1e200)
    assert inside == [range_oracle(vectors, query, 0.5) for query in queries]
    assert np.diff(everything.offsets).tolist() == [8000] * 33
    assert answered[-1] == 0
    assert 0 < min(answered[:-1]) <= max(answered[:-1]) < 33


def test_products_that_leave_most_queries_open_are_given_up() -> None:
    vectors = np.repeat(random_vectors(4, 16, 1), 2000, axis=0)
    with products() as answered:
        index = flat(vectors)
        for _ in range(3):
            assert as_lists(exact.nearest(index, vectors[:20], 3)) == [([0, 1, 2], [0.0] * 3)] * 20
    assert answered == [0]


@pytest.mark.parametrize(
    ("vectors", "dim", "supported", "engine"),
    [
        (5 * 512, 64, True, "numkong, bfloat16"),
        (5 * 512 - 1, 64, True, "FAISS, float32"),
        (5 * 512, 63, True, "FAISS, float32"),
        (5 * 512, 64, False, "FAISS, float32"),
    ],
)
def test_what_compares_batches_depends_on_vectors_and_processor(
    vectors: int, dim: int, supported: bool, engine: str
) -> None:
    with mock.patch.object(bfloat16_groups, "supported", return_value=supported):
        assert batch_search.batch_engine(vectors, dim, 5) == engine


def test_few_queries_vectors_or_dimensions_are_left_to_faiss() -> None:
    vectors, queries = random_vectors(2000, 8, 1), random_vectors(600, 8, 2)
    with products() as answered, mock.patch.object(batch_search, "_FEW_QUERIES", 1024):
        index = flat(vectors)
        first, second = exact.nearest(index, queries, 3), exact.nearest(index, queries, 3)
        exact.nearest(index, queries, 32)
        exact.nearest(flat(vectors[:, :7].copy()), np.tile(queries[:, :7], (4, 1)), 3)
    assert as_lists(first) == as_lists(second)
    assert answered == [600]
