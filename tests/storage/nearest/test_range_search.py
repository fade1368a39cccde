"""Everything within a radius, and the neighbours of all items: as float64 has them, the border included."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import Embedding, NewItem, Store
from storage.errors import InvalidQuery, InvalidVectors, StoreCorrupt
from storage.nearest.range_search import range_search
from tests.storage.nearest.hard_vectors import KINDS, clouds
from tests.storage.nearest.inexact_index import InexactIndex
from tests.storage.nearest.searches import as_lists, flat, range_oracle, true_squares
from tests.storage.stores import exactly, hit, line_store, line_vector, random_vectors, sql


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    kind=st.sampled_from(KINDS),
    count=st.integers(0, 120),
    dim=st.sampled_from([1, 2, 3, 8, 33, 128]),
    queries=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_answers_are_those_of_float64_also_at_the_border(
    kind: str, count: int, dim: int, queries: int, seed: int
) -> None:
    vectors, batch = clouds(kind, count, dim, seed), clouds(kind, queries, dim, seed + 1)
    if count:
        batch[0] = vectors[seed % count]
    generator = np.random.default_rng(seed)
    distances = np.sqrt(true_squares(vectors, batch[0]))
    border = float(generator.choice(distances)) if count else 1.0
    excluded = [generator.permutation(count)[:2] for _ in batch]
    for radius in map(float, (border, np.nextafter(border, 0), np.nextafter(border, np.inf), 0.0)):
        expected = [
            range_oracle(vectors, query, radius, out.tolist()) for query, out in zip(batch, excluded, strict=True)
        ]
        assert as_lists(range_search(flat(vectors), batch, radius, excluded)) == expected
        assert as_lists(range_search(flat(vectors), batch[:1], radius, excluded[:1])) == expected[:1]


@settings(deadline=None, derandomize=True, max_examples=40)
@given(error=st.sampled_from([0.0, 0.01, 0.3, 2.0]), radius=st.floats(0, 3), seed=st.integers(0, 2**32 - 1))
def test_an_index_that_errs_within_its_bound_changes_no_answer(error: float, radius: float, seed: int) -> None:
    vectors, queries = random_vectors(200, 3, seed), random_vectors(4, 3, seed + 1)
    answers = range_search(InexactIndex(vectors, error, seed), queries, radius)
    assert as_lists(answers) == [range_oracle(vectors, query, radius) for query in queries]


def test_many_vectors_and_many_queries_are_answered_as_few() -> None:
    vectors = random_vectors(20_000, 4)
    answers = range_search(flat(vectors), vectors[:300], 0.4)
    assert as_lists(answers) == [range_oracle(vectors, query, 0.4) for query in vectors[:300]]


def test_five_thousand_identical_vectors_lie_within_a_radius_of_zero() -> None:
    vectors = np.tile(random_vectors(1, 16), (5000, 1))
    assert as_lists(range_search(flat(vectors), vectors[:2], 0.0)) == [(list(range(5000)), [0.0] * 5000)] * 2


def test_a_store_returns_the_items_within_a_radius_the_border_included(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        assert store.within([line_vector(1), line_vector(3)], 3) == [
            [hit(1, 1, 0.0), hit(2, 0, 1.0), hit(3, 2, 2.0)],
            [hit(1, 3, 0.0)],
        ]
        assert store.within(line_vector(1), np.float32(2), exclude=[[1]]) == [[hit(1, 0, 1.0), hit(2, 2, 2.0)]]


@pytest.mark.parametrize("radius", [-1, float("nan"), float("inf"), "3", None, True])
def test_a_radius_is_a_finite_number_of_at_least_zero(tmp_path: Path, radius: Any) -> None:
    with (
        Store.open(line_store(tmp_path)) as store,
        pytest.raises(
            InvalidQuery, match=exactly(f"expected the radius to be a finite number of at least 0, got {radius!r}")
        ),
    ):
        store.within(line_vector(1), radius)


def test_a_radius_whose_square_overflows_includes_everything(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        assert len(store.within(line_vector(1), 1e200)[0]) == 5


def test_every_item_has_neighbours_but_never_itself(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        result = store.neighbours_of_all(2)
        assert result.ids.tolist() == [0, 1, 2, 3, 4]
        assert result.neighbours.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1], [3, 2]]
        assert result.distances.tolist() == [[1, 3], [1, 2], [2, 3], [4, 6], [8, 12]]
        all_others = store.neighbours_of_all(99)
        assert all_others.neighbours.shape == all_others.distances.shape == (5, 4)


def test_the_neighbours_of_all_items_are_those_of_each_item_alone_also_of_identical_items(tmp_path: Path) -> None:
    vectors = np.repeat(random_vectors(500, 5), 5, axis=0)
    with Store.create(tmp_path / "store", Embedding(5, "f" * 64)) as store:
        store.append([NewItem(str(n), b"") for n in range(2500)], vectors)
        store.delete(ids=[7, 2000])
        result = store.neighbours_of_all(6)
        ids, vectors = store.all_vectors()
        alone = store.nearest(vectors, 6, exclude=[[id] for id in ids.tolist()])
        assert result.neighbours.tolist() == [[hit.id for hit in hits] for hits in alone]
        assert result.distances.tolist() == [[hit.distance for hit in hits] for hits in alone]


@pytest.mark.parametrize("count", [0, 1])
def test_an_only_item_has_no_neighbours(tmp_path: Path, count: int) -> None:
    with Store.open(line_store(tmp_path, count)) as store:
        result = store.neighbours_of_all(3)
        assert (result.neighbours.shape, result.distances.shape) == ((count, 0), (count, 0))


def test_no_neighbours_are_returned_of_damaged_rows(tmp_path: Path) -> None:
    folder = line_store(tmp_path, published=True)
    sql(folder, "UPDATE items SET label = 'another' WHERE id = 3")
    with Store.open(folder) as store, pytest.raises(StoreCorrupt, match="expected item 3 to match its checksum"):
        store.neighbours_of_all(1)


@pytest.mark.parametrize("kind", [np.float64, ">f4", ">f8", np.int32])
def test_a_query_may_be_of_any_real_type_and_order_and_need_not_be_contiguous(tmp_path: Path, kind: Any) -> None:
    with Store.open(line_store(tmp_path)) as store:
        wide = np.zeros((1, 4), kind)
        wide[0, ::2] = line_vector(2)
        expected = store.nearest(line_vector(2), 3)
        assert store.nearest(wide[:, ::2], 3) == expected
        assert store.nearest(wide[0, ::2], 3) == expected
        with pytest.raises(InvalidVectors):
            store.within(wide, 3)
