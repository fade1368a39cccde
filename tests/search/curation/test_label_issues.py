"""Items whose label their neighbours do not share."""

from pathlib import Path

import pytest

from search.curation.label_issues import LabelIssues, find_label_issues
from storage.errors import InvalidQuery
from tests.search.stores import grey_searcher

LEVEL = 2 / 255


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


def test_a_wrong_label_is_found_and_its_neighbours_are_not(tmp_path: Path) -> None:
    items = [(0, "low"), (2, "low"), (4, "low"), (6, "high"), (200, "high"), (203, "high"), (206, "high")]
    found = label_issues(tmp_path, [*items, (8, None), (100, "middle")], k=3)
    assert found.as_json() == {
        "k": 3,
        "judged": 7,
        "unlabelled": 1,
        "single": 1,
        "trained_on_labels": False,
        "total": 1,
        "expected_precision": None,
        "trial": None,
        "suspects": [
            {
                "id": 3,
                "key": "3",
                "label": "high",
                "said": "low",
                "sure": 1.0,
                "confidence": None,
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


def clusters(wrong: int) -> list[tuple[int, str | None]]:
    """Return two labels of 80 items each, far apart, of which so many of the first have the second's label."""
    low = [(level, "high" if level % 20 == 10 and level < 20 * wrong else "low") for level in range(80)]
    return [*low, *((level, "high") for level in range(170, 250))]


def test_the_votes_of_a_store_are_tried_on_labels_that_are_moved(tmp_path: Path) -> None:
    found = label_issues(tmp_path, clusters(0))
    assert found.issues == ()
    assert found.trial is not None
    assert found.trial.as_json() == {
        "moved_share": 0.05,
        "rounds": 20,
        "moved": 160,
        "found": 160,
        "wrong_share": 0.0,
    }


def test_wrong_labels_are_sure_where_nothing_else_has_such_a_vote(tmp_path: Path) -> None:
    found = label_issues(tmp_path, clusters(4))
    assert {issue.item.label for issue in found.issues} == {"high"}
    assert sorted(issue.item.key for issue in found.issues) == ["10", "30", "50", "70"]
    assert found.trial is not None
    # Four of 160, where eight were moved.
    assert found.trial.wrong_share == pytest.approx(0.025, rel=0.2)
    assert found.expected_precision == pytest.approx(1, abs=0.1)
    assert found.summary().startswith(
        "4 of 160 items have another label than their neighbours; if 2.4% of all labels are wrong, 100% of these are"
    )


def test_labels_that_nothing_tells_apart_make_no_issue_sure(tmp_path: Path) -> None:
    mixed = [(level % 250, "ab"[hash_like % 2]) for level, hash_like in enumerate(n * n // 7 for n in range(250))]
    found = label_issues(tmp_path, [(level, label) for level, label in mixed])
    assert len(found.issues) > 60
    assert found.expected_precision is not None
    assert found.expected_precision < 0.2
    assert found.cut(0.5).issues == ()
    assert found.cut(0.5).summary().endswith("; none of them is sure enough: --min-precision 0 lists all")


def test_a_cut_keeps_the_clearest_issues_within_a_limit_and_an_expected_precision(tmp_path: Path) -> None:
    found = label_issues(tmp_path, clusters(4))
    assert found.cut(0.0, 2).issues == found.issues[:2]
    assert found.cut(0.0, 2).as_json()["total"] == 4
    assert "; the 2 clearest; if " in found.cut(0.0, 2).summary()
    assert found.cut().issues == found.issues


def test_without_a_trial_only_the_limit_cuts(tmp_path: Path) -> None:
    items = [(0, "low"), (2, "low"), (4, "low"), (6, "high"), (200, "high"), (203, "high"), (206, "high"), (209, "low")]
    found = label_issues(tmp_path, [(level, label) for level, label in items], k=3)
    assert predictions(found.cut(0.9)) == predictions(found)
    assert predictions(found.cut(0.9, 1)) == predictions(found)[:1]
