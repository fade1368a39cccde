"""Everything within a radius, and everyone's neighbours: what float64 says, the border included."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import Embedding, NewItem, Store
from storage.errors import InvalidQuery, InvalidVectors, StoreCorrupt
from storage.nearest import range_search
from tests.storage.nearest.asking import flat
from tests.storage.nearest.hard_vectors import KINDS, clouds
from tests.storage.nearest.wrong_index import Wrong
from tests.storage.stores import exactly, hit, line_store, place, random_vectors, sql


def oracle(vectors: Any, query: Any, far: float, out: set[int]) -> list[tuple[int, float]]:
    distances = np.sqrt(np.square(vectors.astype(np.float64) - query.astype(np.float64)).sum(axis=1))
    order = np.argsort(distances, kind="stable").tolist()
    return [(n, distances[n]) for n in order if distances[n] <= far and n not in out]


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    kind=st.sampled_from(KINDS),
    count=st.integers(0, 120),
    dim=st.sampled_from([1, 2, 3, 8, 33, 128]),
    queries=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_lies_within_is_what_float64_says_also_at_the_border(
    kind: str, count: int, dim: int, queries: int, seed: int
) -> None:
    vectors, asked = clouds(kind, count, dim, seed), clouds(kind, queries, dim, seed + 1)
    if count:
        asked[0] = vectors[seed % count]
    generator = np.random.default_rng(seed)
    distances = np.sqrt(np.square(vectors.astype(np.float64) - asked[0].astype(np.float64)).sum(axis=1))
    border = float(generator.choice(distances)) if count else 1.0
    excluded = [generator.permutation(count)[:2] for _ in asked]
    for far in (border, np.nextafter(border, 0), np.nextafter(border, np.inf), 0.0):
        found = range_search.within(flat(vectors), asked, float(far), excluded)
        expected = [
            oracle(vectors, query, float(far), set(out.tolist())) for query, out in zip(asked, excluded, strict=True)
        ]
        assert [list(zip(*map(np.ndarray.tolist, pair), strict=True)) for pair in found] == expected
        alone = range_search.within(flat(vectors), asked[:1], float(far), excluded[:1])
        assert [list(zip(*map(np.ndarray.tolist, pair), strict=True)) for pair in alone] == expected[:1]


@settings(deadline=None, derandomize=True, max_examples=40)
@given(by=st.sampled_from([0.0, 0.01, 0.3, 2.0]), far=st.floats(0, 3), seed=st.integers(0, 2**32 - 1))
def test_an_index_that_errs_within_its_bound_loses_nothing(by: float, far: float, seed: int) -> None:
    vectors, queries = random_vectors(200, 3, seed), random_vectors(4, 3, seed + 1)
    found = range_search.within(Wrong(vectors, by, seed), queries, far)
    assert [list(zip(*map(np.ndarray.tolist, pair), strict=True)) for pair in found] == [
        oracle(vectors, query, far, set()) for query in queries
    ]


def test_many_vectors_and_many_queries_are_compared_as_few() -> None:
    vectors = random_vectors(20_000, 4)
    found = range_search.within(flat(vectors), vectors[:300], 0.4)
    assert [list(zip(*map(np.ndarray.tolist, pair), strict=True)) for pair in found] == [
        oracle(vectors, query, 0.4, set()) for query in vectors[:300]
    ]


def test_five_thousand_identical_vectors_lie_within_a_radius_of_zero() -> None:
    vectors = np.tile(random_vectors(1, 16), (5000, 1))
    for positions, distances in range_search.within(flat(vectors), vectors[:2], 0.0):
        assert (positions.tolist(), set(distances.tolist())) == (list(range(5000)), {0.0})


def test_a_store_finds_what_lies_within_the_border_included(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        assert store.within([place(1), place(3)], 3) == [
            [hit(1, 1, 0.0), hit(2, 0, 1.0), hit(3, 2, 2.0)],
            [hit(1, 3, 0.0)],
        ]
        assert store.within(place(1), np.float32(2), exclude=[[1]]) == [[hit(1, 0, 1.0), hit(2, 2, 2.0)]]


@pytest.mark.parametrize("far", [-1, float("nan"), float("inf"), "3", None, True])
def test_a_radius_is_a_finite_number_of_at_least_zero(tmp_path: Path, far: Any) -> None:
    with (
        Store.open(line_store(tmp_path)) as store,
        pytest.raises(
            InvalidQuery, match=exactly(f"expected the radius to be a finite number of at least 0, got {far!r}")
        ),
    ):
        store.within(place(1), far)


def test_a_radius_whose_square_is_no_number_holds_everything(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        assert len(store.within(place(1), 1e200)[0]) == 5


def test_everyone_has_its_neighbours_and_never_itself(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        found = store.neighbours_of_all(2)
        assert found.ids.tolist() == [0, 1, 2, 3, 4]
        assert found.neighbours.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1], [3, 2]]
        assert found.distances.tolist() == [[1, 3], [1, 2], [2, 3], [4, 6], [8, 12]]
        everything = store.neighbours_of_all(99)
        assert everything.neighbours.shape == everything.distances.shape == (5, 4)


def test_everyones_neighbours_are_those_of_each_alone_also_of_identical_items(tmp_path: Path) -> None:
    vectors = np.repeat(random_vectors(500, 5), 5, axis=0)
    with Store.create(tmp_path / "store", Embedding(5, "f" * 64)) as store:
        store.append([NewItem(str(n), b"") for n in range(2500)], vectors)
        store.delete(ids=[7, 2000])
        found = store.neighbours_of_all(6)
        ids, kept = store.all_vectors()
        alone = store.nearest(kept, 6, exclude=[[id] for id in ids.tolist()])
        assert found.neighbours.tolist() == [[hit.id for hit in hits] for hits in alone]
        assert found.distances.tolist() == [[hit.distance for hit in hits] for hits in alone]


@pytest.mark.parametrize("count", [0, 1])
def test_whoever_is_alone_has_no_neighbours(tmp_path: Path, count: int) -> None:
    with Store.open(line_store(tmp_path, count)) as store:
        found = store.neighbours_of_all(3)
        assert (found.neighbours.shape, found.distances.shape) == ((count, 0), (count, 0))


def test_neighbours_are_not_told_of_damaged_rows(tmp_path: Path) -> None:
    folder = line_store(tmp_path, published=True)
    sql(folder, "UPDATE items SET label = 'another' WHERE id = 3")
    with Store.open(folder) as store, pytest.raises(StoreCorrupt, match="expected item 3 to match its checksum"):
        store.neighbours_of_all(1)


@pytest.mark.parametrize("kind", [np.float64, ">f4", ">f8", np.int32])
def test_a_query_may_be_of_any_real_type_and_order_and_need_not_be_contiguous(tmp_path: Path, kind: Any) -> None:
    with Store.open(line_store(tmp_path)) as store:
        wide = np.zeros((1, 4), kind)
        wide[0, ::2] = place(2)
        expected = store.nearest(place(2), 3)
        assert store.nearest(wide[:, ::2], 3) == expected
        assert store.nearest(wide[0, ::2], 3) == expected
        with pytest.raises(InvalidVectors):
            store.within(wide, 3)
