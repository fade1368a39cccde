"""Items whose label their neighbours do not share."""

from pathlib import Path

import pytest

from search.curation.label_issues import LabelIssues, find_label_issues, weighted_vote
from storage import Hit
from storage.errors import InvalidQuery
from tests.search.stores import grey_searcher

LEVEL = 2 / 255


def hits(*neighbours: tuple[str, float]) -> list[Hit]:
    return [Hit(rank, rank, f"{rank}", label, far, {}) for rank, (label, far) in enumerate(neighbours, start=1)]


def label_issues(folder: Path, items: list[tuple[int, str | None]], k: int = 10) -> LabelIssues:
    """Return the label issues of a store of grey images, each a level with a label."""
    levels = {f"{index}": level for index, (level, _) in enumerate(items)}
    labels = {f"{index}": label for index, (_, label) in enumerate(items) if label is not None}
    with grey_searcher(folder, levels, labels) as searcher:
        found = find_label_issues(searcher, k)
        # The same from neighbours that are known.
        assert find_label_issues(searcher, k, neighbours=searcher.neighbours_of_all(k)) == found
        return found


def predictions(found: LabelIssues) -> list[tuple[str, str]]:
    """Return the key and the predicted label of each issue."""
    return [(issue.item.key, issue.predicted_label) for issue in found.issues]


def test_the_nearest_neighbour_has_a_weight_of_one_and_the_farthest_of_a_half() -> None:
    assert weighted_vote("a", hits(("a", 1), ("b", 2), ("b", 3))) == ("b", (0.75 + 0.5 - 1) / 2.25)
    assert weighted_vote("a", hits(("a", 1), ("a", 2), ("b", 3))) == ("a", 0.0)


def test_neighbours_of_one_other_label_have_a_margin_of_one() -> None:
    assert weighted_vote("a", hits(("b", 1), ("b", 2))) == ("b", 1.0)


def test_equally_far_neighbours_have_a_weight_of_one_each() -> None:
    assert weighted_vote("a", hits(("a", 0), ("b", 0), ("b", 0))) == ("b", 1 / 3)


def test_a_tie_goes_to_the_items_own_label_or_to_that_of_the_nearest() -> None:
    assert weighted_vote("a", hits(("b", 1), ("a", 1))) == ("a", 0.0)
    assert weighted_vote("a", hits(("c", 1), ("b", 1))) == ("c", 0.5)


def test_a_wrong_label_is_found_and_its_neighbours_are_not(tmp_path: Path) -> None:
    items = [(0, "low"), (2, "low"), (4, "low"), (6, "high"), (200, "high"), (203, "high"), (206, "high")]
    found = label_issues(tmp_path, [*items, (8, None), (100, "middle")], k=3)
    assert found.as_json() == {
        "k": 3,
        "judged": 7,
        "unlabelled": 1,
        "single": 1,
        "trained_on_labels": False,
        "suspects": [
            {
                "id": 3,
                "key": "3",
                "label": "high",
                "said": "low",
                "sure": 1.0,
                "neighbours": [
                    {
                        "id": id,
                        "key": f"{id}",
                        "label": "low",
                        "distance": pytest.approx(far * LEVEL, abs=1e-6),
                    }
                    for id, far in ((2, 2), (1, 4), (0, 6))
                ],
            }
        ],
    }
    assert found.summary() == (
        "1 of 7 items have another label than their neighbours "
        "(not checked: 1 without a label, 1 alone with their label)"
    )


def test_the_largest_margin_comes_first_and_among_equals_the_issue_with_the_nearest_neighbour(tmp_path: Path) -> None:
    low = [(level, "low") for level in (0, 3, 6, 9)]
    high = [(level, "high") for level in (200, 203, 206, 209)]
    found = label_issues(tmp_path, [*low, *high, (12, "high"), (213, "low"), (104, "low")], k=3)
    assert predictions(found) == [("8", "low"), ("9", "high"), ("10", "high")]
    first, second, third = (issue.margin for issue in found.issues)
    assert first == second == 1 > third > 0


def test_for_a_rare_label_no_more_neighbours_vote_than_it_could_outvote(tmp_path: Path) -> None:
    common = [(level, "common") for level in range(0, 140, 7)]
    assert predictions(label_issues(tmp_path / "pair", [*common, (31, "rare"), (32, "rare")])) == []
    apart = label_issues(tmp_path / "apart", [*common, (31, "rare"), (200, "rare")])
    assert predictions(apart) == [("20", "common"), ("21", "common")]
    assert [len(issue.neighbours) for issue in apart.issues] == [1, 1]


def test_an_item_without_a_label_neither_votes_nor_is_checked(tmp_path: Path) -> None:
    found = label_issues(tmp_path, [(0, "low"), (10, "low"), (1, None), (2, None), (3, None)], k=1)
    assert found == LabelIssues(1, 2, 3, 0, ())


def test_where_no_label_has_two_items_nothing_is_checked(tmp_path: Path) -> None:
    assert label_issues(tmp_path, [(0, "a"), (1, "b"), (2, None)]) == LabelIssues(10, 0, 1, 2, ())


def test_a_k_of_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidQuery) as refused:
        label_issues(tmp_path, [(0, "a"), (1, "a")], k=0)
    assert str(refused.value) == "expected k to be a whole number of at least 1, got 0"
