"""Searches of a store with vectors: by k, within a radius, and of any real type."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage import Store
from storage.errors import InvalidQuery, InvalidVectors
from storage.types.query import Query
from tests.errors import exactly
from tests.storage.stores import hit, line_store, line_vector


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


def test_a_query_with_k_and_a_radius_returns_at_most_k_within_the_radius(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        for k, expected in ((1, [hit(1, 1, 0.0)]), (9, [hit(1, 1, 0.0), hit(2, 0, 1.0), hit(3, 2, 2.0)])):
            assert store.search(line_vector(1), Query.checked(k, radius=3)) == [expected]
            assert store.search([line_vector(1)] * 2, Query.checked(k, radius=3)) == [expected] * 2


def test_ids_are_excluded_from_all_queries_and_from_each(tmp_path: Path) -> None:
    with Store.open(line_store(tmp_path)) as store:
        query = Query.checked(2, exclude=[1])
        assert store.search([line_vector(1)] * 2, query, [[0], [2, 3]]) == [
            [hit(1, 2, 2.0), hit(2, 3, 6.0)],
            [hit(1, 0, 1.0), hit(2, 4, 14.0)],
        ]


@pytest.mark.parametrize("count", [1, 7, 30])
def test_few_and_many_exclusions_of_a_batch_are_kept(tmp_path: Path, count: int) -> None:
    with Store.open(line_store(tmp_path, 32)) as store:
        excluded = [list(range(count)), [31], []]
        hits = store.search([line_vector(0)] * 3, Query(32), excluded)
        assert [[hit.id for hit in each] for each in hits] == [
            [id for id in range(32) if id not in ids] for ids in excluded
        ]
