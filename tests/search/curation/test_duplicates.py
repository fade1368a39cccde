"""Groups of items that are nearly the same image."""

from itertools import pairwise
from pathlib import Path

import pytest

from search.curation import groups_within
from search.curation.different_pairs import add_different_pairs
from search.curation.duplicates import Duplicates, find_duplicates
from search.searcher import Searcher
from storage.errors import InvalidQuery
from tests.errors import exactly
from tests.search.stores import SIZE, grey_searcher

#: The distance of two grey images whose levels differ by 1.
LEVEL = 2 / 255


def groups(duplicates: Duplicates) -> list[list[str]]:
    """Return the keys of each group, the representative's first."""
    return [[group.kept.key, *(member.key for member in group.others)] for group in duplicates.groups]


def grouped(folder: Path, levels: list[int], radius: float) -> list[list[str]]:
    with grey_searcher(folder, {f"{index}": level for index, level in enumerate(levels)}) as searcher:
        return groups(find_duplicates(searcher, radius))


def test_items_within_the_radius_are_grouped_around_the_first_of_them(tmp_path: Path) -> None:
    assert grouped(tmp_path, [100, 200, 102, 0, 97, 1], 3.5 * LEVEL) == [["0", "2", "4"], ["3", "5"]]


def test_a_chain_of_images_each_near_the_next_is_not_one_group(tmp_path: Path) -> None:
    assert grouped(tmp_path, [0, 5, 11, 17], 6.5 * LEVEL) == [["0", "1"], ["2", "3"]]


def test_an_item_joins_the_nearest_representative(tmp_path: Path) -> None:
    assert grouped(tmp_path, [0, 10, 6], 8.5 * LEVEL) == [["1", "2"]]


def test_no_two_representatives_are_within_the_radius_and_every_duplicate_is_within_it_of_one(tmp_path: Path) -> None:
    levels = [(37 * index) % 251 for index in range(120)]
    keys = grouped(tmp_path, levels, 4.5 * LEVEL)
    duplicated = {int(key) for group in keys for key in group[1:]}
    representatives = sorted(levels[index] for index in range(120) if index not in duplicated)
    assert min(high - low for low, high in pairwise(representatives)) > 4
    for first, *others in keys:
        assert max(abs(levels[int(first)] - levels[int(key)]) for key in others) <= 4


def test_items_added_later_never_change_the_representatives(tmp_path: Path) -> None:
    levels = [(89 * index) % 256 for index in range(60)]
    early = {group[0] for group in grouped(tmp_path / "early", levels[:30], 4.5 * LEVEL)}
    late = grouped(tmp_path / "late", levels, 4.5 * LEVEL)
    assert len(early) > 5
    assert not early & {key for group in late for key in group[1:]}


def test_identical_images_are_duplicates_at_a_radius_of_zero(tmp_path: Path) -> None:
    assert grouped(tmp_path, [7, 8, 7, 7], 0) == [["0", "2", "3"]]


def test_a_radius_that_covers_everything_makes_one_group(tmp_path: Path) -> None:
    assert grouped(tmp_path, list(range(40)), 1000) == [[str(index) for index in range(40)]]


def test_the_largest_groups_come_first_and_among_equals_the_one_with_the_nearest_pair(tmp_path: Path) -> None:
    assert grouped(tmp_path / "large", [0, 0, 9, 9, 9], 0) == [["2", "3", "4"], ["0", "1"]]
    assert grouped(tmp_path / "near", [0, 3, 90, 92], 3.5 * LEVEL) == [["2", "3"], ["0", "1"]]


def test_the_largest_batches_find_what_single_queries_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = [(37 * index) % 251 for index in range(120)]
    together = grouped(tmp_path / "together", levels, 6.5 * LEVEL)
    monkeypatch.setattr(groups_within, "_MIN_BATCH", 1)
    monkeypatch.setattr(groups_within, "_MANY_HITS", 0)
    assert grouped(tmp_path / "alone", levels, 6.5 * LEVEL) == together


def test_json_holds_every_group_with_distances(tmp_path: Path) -> None:
    levels, labels = {"a": 10, "b": 200, "c": 12}, {"a": "low", "b": "high"}
    with grey_searcher(tmp_path, levels, labels) as searcher:
        duplicates = find_duplicates(searcher, 0.1)
    assert duplicates.as_json() == {
        "radius": 0.1,
        "auto": None,
        "between": None,
        "items": 3,
        "others": 1,
        "groups": [
            {
                "kept": {"id": 0, "key": "a", "label": "low", "keep": True, "reason": "first"},
                "others": [
                    {
                        "id": 2,
                        "key": "c",
                        "label": None,
                        "distance": pytest.approx(2 * LEVEL, abs=1e-6),
                        "kind": "looks alike",
                        "confidence": None,
                        "keep": False,
                        "reason": "later",
                        "differs": {"label": ["low", None]},
                    }
                ],
            }
        ],
    }
    assert duplicates.groups[0].kept.item.metadata == SIZE
    assert duplicates.summary() == "1 group of duplicates within 0.1: 1 of 3 items could be deleted"


def test_a_store_without_duplicates_has_no_groups(searcher: Searcher) -> None:
    assert find_duplicates(searcher, 0.1) == Duplicates(0.1, 4, ())


@pytest.mark.parametrize("radius", [-1.0, float("nan"), float("inf")])
def test_a_radius_that_is_negative_or_not_finite_is_refused(searcher: Searcher, radius: float) -> None:
    message = f"expected the radius to be a finite number of at least 0, got {radius}"
    with pytest.raises(InvalidQuery, match=exactly(message)):
        find_duplicates(searcher, radius)


def test_pairs_that_are_said_to_be_different_are_in_no_group_together(tmp_path: Path) -> None:
    with grey_searcher(tmp_path, {"a": 10, "b": 12, "c": 13}) as searcher:
        a, b, c = (item.content for item in searcher.store.items())
        assert groups(find_duplicates(searcher, 0.1)) == [["a", "b", "c"]]
        assert groups(find_duplicates(searcher, 0.1, different={frozenset((b, a))})) == [["b", "c"]]
        assert groups(find_duplicates(searcher, 0.1, different={frozenset((a, c)), frozenset((b, a))})) == [["b", "c"]]
        every = {frozenset(pair) for pair in ((a, b), (b, c), (a, c))}
        assert groups(find_duplicates(searcher, 0.1, different=every)) == []


def test_pairs_that_were_said_to_be_different_in_a_plan_are_remembered(tmp_path: Path) -> None:
    with grey_searcher(tmp_path, {"a": 10, "b": 12}) as searcher:
        pair = frozenset(item.content for item in searcher.store.items())
        add_different_pairs(searcher.store, [pair])
        assert groups(find_duplicates(searcher, 0.1)) == []
        assert groups(find_duplicates(searcher, 0.1, different=frozenset())) == [["a", "b"]]
