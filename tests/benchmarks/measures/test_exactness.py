"""The exactness check passes right answers and counts every kind of wrong one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.exactness import measure_exactness
from storage import Hit, Store
from tests.benchmarks.stores import store_of


def random_vectors(count: int, dim: int = 16) -> ArrayLike:
    return np.random.default_rng(3).standard_normal((count, dim))


def test_every_neighbour_of_random_vectors_agrees(tmp_path: Path) -> None:
    with store_of(tmp_path, random_vectors(300)) as store:
        report = measure_exactness(store, queries=80, k=7)
    assert (report.agree, report.ties, report.rounding, report.errors, report.alone_differs) == (560, 0, 0, 0, 0)
    assert report.max_relative_error < 1e-12
    assert report.ok


def test_items_at_the_same_distance_count_as_ties_or_agree(tmp_path: Path) -> None:
    with store_of(tmp_path, np.repeat(random_vectors(4), 25, axis=0)) as store:
        report = measure_exactness(store, queries=20, k=5)
    assert report.agree + report.ties == 100
    assert report.ties > 0
    assert report.ok


def test_near_twins_far_from_the_origin_are_not_errors_although_scikit_learn_cannot_resolve_them(
    tmp_path: Path,
) -> None:
    twins = 1000 + np.random.default_rng(2).standard_normal((200, 8)) * 1e-3
    with store_of(tmp_path, twins) as store:
        report = measure_exactness(store, queries=40, k=5)
    assert report.errors == 0
    assert report.agree + report.ties + report.rounding == 200


def swap_first_two(hits: list[Hit]) -> list[Hit]:
    return [replace(hits[1], rank=1), replace(hits[0], rank=2), *hits[2:]]


def square_distances(hits: list[Hit]) -> list[Hit]:
    return [replace(hit, distance=hit.distance**2) for hit in hits]


def drop_last(hits: list[Hit]) -> list[Hit]:
    return hits[:-1]


@pytest.mark.parametrize(
    ("spoil", "wrong_of_seven"),
    [(swap_first_two, 2), (square_distances, 7), (drop_last, 1)],
    ids=["order", "squared", "too few"],
)
def test_wrong_answers_are_counted_as_errors(
    spoil: object, wrong_of_seven: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Store.nearest

    def wrong(
        self: Store, vectors: ArrayLike, k: int, exclude: Sequence[Sequence[int]] | None = None
    ) -> list[list[Hit]]:
        assert callable(spoil)
        return [spoil(hits) for hits in right(self, vectors, k, exclude)]

    monkeypatch.setattr(Store, "nearest", wrong)
    with store_of(tmp_path, random_vectors(300)) as store:
        report = measure_exactness(store, queries=10, k=7)
    assert report.errors == 10 * wrong_of_seven
    assert not report.ok


def test_a_store_that_is_too_small_is_refused(tmp_path: Path) -> None:
    with store_of(tmp_path, random_vectors(11)) as store, pytest.raises(UnfitForBenchmark) as caught:
        measure_exactness(store, queries=5, k=10)
    assert str(caught.value) == (
        "expected at least 1 query for at least 1 neighbour in a store of more than k+1 items, "
        "got 5 queries for 10 neighbours in 11 items: ingest more, or ask for less"
    )
