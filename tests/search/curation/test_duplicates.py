"""Groups of items that are nearly the same picture."""

from itertools import pairwise
from pathlib import Path

import pytest

from search.curation.duplicates import Duplicates, duplicates_of
from storage.errors import InvalidQuery
from tests.search.stores import SIZE, grey_searcher

#: A radius of so many grey levels is so large.
LEVEL = 2 / 255


def groups(found: Duplicates) -> list[list[str]]:
    """Return the keys of each group, the one that is kept first."""
    return [[group.kept.key, *(hit.key for hit in group.others)] for group in found.groups]


def grouped(folder: Path, levels: list[int], radius: float) -> list[list[str]]:
    with grey_searcher(folder, {f"{place}": level for place, level in enumerate(levels)}) as searcher:
        return groups(duplicates_of(searcher, radius))


def test_items_within_the_radius_are_grouped_around_the_one_that_came_first(tmp_path: Path) -> None:
    assert grouped(tmp_path, [100, 200, 102, 0, 97, 1], 3.5 * LEVEL) == [["0", "2", "4"], ["3", "5"]]


def test_a_chain_of_pictures_each_like_the_next_is_not_one_group(tmp_path: Path) -> None:
    assert grouped(tmp_path, [0, 5, 11, 17], 6.5 * LEVEL) == [["0", "1"], ["2", "3"]]


def test_an_item_joins_the_nearest_that_is_kept(tmp_path: Path) -> None:
    assert grouped(tmp_path, [0, 10, 6], 8.5 * LEVEL) == [["1", "2"]]


def test_no_two_that_are_kept_are_within_the_radius_and_all_others_are_within_it_of_one(tmp_path: Path) -> None:
    levels = [(37 * place) % 251 for place in range(120)]
    found = grouped(tmp_path, levels, 4.5 * LEVEL)
    others = {int(key) for group in found for key in group[1:]}
    kept = sorted(levels[place] for place in range(120) if place not in others)
    assert min(high - low for low, high in pairwise(kept)) > 4
    for first, *rest in found:
        assert max(abs(levels[int(first)] - levels[int(key)]) for key in rest) <= 4


def test_what_comes_later_never_changes_what_is_kept(tmp_path: Path) -> None:
    levels = [(89 * place) % 256 for place in range(60)]
    early = {group[0] for group in grouped(tmp_path / "early", levels[:30], 4.5 * LEVEL)}
    late = grouped(tmp_path / "late", levels, 4.5 * LEVEL)
    assert len(early) > 5
    assert not early & {key for group in late for key in group[1:]}


def test_identical_pictures_are_duplicates_at_a_radius_of_nothing(tmp_path: Path) -> None:
    assert grouped(tmp_path, [7, 8, 7, 7], 0) == [["0", "2", "3"]]


def test_a_radius_that_takes_in_everything_makes_one_group(tmp_path: Path) -> None:
    assert grouped(tmp_path, list(range(40)), 1000) == [[str(place) for place in range(40)]]


def test_the_largest_groups_come_first_and_of_equally_large_ones_the_nearest(tmp_path: Path) -> None:
    assert grouped(tmp_path / "large", [0, 0, 9, 9, 9], 0) == [["2", "3", "4"], ["0", "1"]]
    assert grouped(tmp_path / "near", [0, 3, 90, 92], 3.5 * LEVEL) == [["2", "3"], ["0", "1"]]


def test_the_largest_batches_find_what_single_questions_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = [(37 * place) % 251 for place in range(120)]
    together = grouped(tmp_path / "together", levels, 6.5 * LEVEL)
    monkeypatch.setattr("search.curation.duplicates._FEWEST_AT_ONCE", 1)
    monkeypatch.setattr("search.curation.duplicates._MANY_FOUND", 0)
    assert grouped(tmp_path / "alone", levels, 6.5 * LEVEL) == together


def test_json_holds_every_group_with_distances(tmp_path: Path) -> None:
    levels, labels = {"a": 10, "b": 200, "c": 12}, {"a": "low", "b": "high"}
    with grey_searcher(tmp_path, levels, labels) as searcher:
        found = duplicates_of(searcher, 0.1)
    assert found.as_json() == {
        "radius": 0.1,
        "auto": None,
        "items": 3,
        "others": 1,
        "groups": [
            {
                "kept": {"id": 0, "key": "a", "label": "low"},
                "others": [{"id": 2, "key": "c", "label": None, "distance": pytest.approx(2 * LEVEL, abs=1e-6)}],
            }
        ],
    }
    assert found.groups[0].kept.metadata == SIZE
    assert found.summary() == "1 group of duplicates within 0.1: 1 of 3 items could go"


def test_a_store_without_duplicates_has_no_groups(tmp_path: Path) -> None:
    with grey_searcher(tmp_path) as searcher:
        assert duplicates_of(searcher, 0.1) == Duplicates(0.1, 4, ())


@pytest.mark.parametrize("radius", [-1.0, float("nan"), float("inf")])
def test_a_radius_that_is_none_is_refused(tmp_path: Path, radius: float) -> None:
    with grey_searcher(tmp_path) as searcher, pytest.raises(InvalidQuery) as refused:
        duplicates_of(searcher, radius)
    assert str(refused.value) == f"expected the radius to be a finite number of at least 0, got {radius}"
