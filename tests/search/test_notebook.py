"""Results as HTML in a notebook."""

import copy
import pickle
from pathlib import Path

from search.curation.duplicates import find_duplicates
from search.curation.label_issues import find_label_issues
from search.results import QueryResult
from search.searcher import Searcher
from storage import Hit
from tests.search.stores import grey_searcher
from tests.toys import grey


def test_a_notebook_shows_a_strip_of_images(searcher: Searcher) -> None:
    html = searcher.by_key("dark", k=2)._repr_html_()
    assert html.count("<figure") == html.count('src="data:image/png;base64,') == 3
    assert [kind for kind in ("query", "right", "wrong") if html.count(f'<figure class="{kind}"') == 1] == [
        "query",
        "right",
        "wrong",
    ]
    assert "prefers-color-scheme" not in html
    assert "<script" not in html
    assert searcher.by_ids([1, 3], k=1)._repr_html_().count("<figure") == 4
    assert searcher.by_image(grey(61), k=1)._repr_html_().count('src="data:image/png;base64,') == 2
    assert QueryResult("a vector", (Hit(1, 1, "dark", None, 0.25, {}),))._repr_html_().count("no picture") == 2


def test_keys_and_labels_are_escaped() -> None:
    odd = '"><img src=x onerror=alert(1)>\x1b\u202e&'
    html = QueryResult(odd, (Hit(1, 0, odd, odd, 0.0, {}),))._repr_html_()
    assert "<img" not in html
    assert "\u202e" not in html
    assert "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;" in html


def test_a_strip_of_many_hits_shows_fifty_and_the_number_of_the_others() -> None:
    hits = tuple(Hit(rank, rank, str(rank), None, 0.0, {}) for rank in range(1, 1201))
    html = QueryResult("a vector", hits)._repr_html_()
    assert "and 1,150 more" in html
    assert html.count("<figure") == 52


def test_a_strip_of_a_store_that_was_deleted_has_no_images_and_says_why(tmp_path: Path) -> None:
    with grey_searcher(tmp_path) as searcher:
        result = searcher.by_id(0, k=1)
        (tmp_path / "store" / "catalog.sqlite").write_bytes(b"")
        html = result._repr_html_()
    assert html.count(">no picture<") == 2
    assert f">no pictures: expected the tables of a Lookalike catalog in {tmp_path}/store/catalog.sqlite, got " in html


def pictures(html: str) -> tuple[int, int, int]:
    """Return how many pictures are shown, and how many of them as right and as wrong."""
    return tuple(map(html.count, ('src="data:image/png;base64,', '<figure class="right"', '<figure class="wrong"')))  # type: ignore[return-value]


def test_duplicates_are_shown_as_a_strip_for_each_group_and_printed_as_a_table(tmp_path: Path) -> None:
    levels = {"a": 0, "b": 0, "c": 51, "d": 51, "e": 51, "f": 200}
    with grey_searcher(tmp_path, levels, dict.fromkeys("abcd", "x") | {"e": "y"}) as searcher:
        duplicates = find_duplicates(searcher, 0.1)
        assert pictures(duplicates._repr_html_()) == (5, 2, 1)
        assert "2 groups of duplicates within 0.1: 3 of 6 items could be deleted" in duplicates._repr_html_()
        lines = str(duplicates).splitlines()
    assert lines[0] == "2 groups of duplicates within 0.1: 3 of 6 items could be deleted"
    assert [line.split("│")[-3].strip() for line in lines if " │ " in line] == ["c", "d", "e", "a", "b"]


def test_label_issues_are_shown_with_the_neighbours_of_the_predicted_label_as_right(tmp_path: Path) -> None:
    levels = {"a": 0, "b": 1, "c": 3, "wrong": 7, "e": 200, "f": 250}
    labels = dict.fromkeys("abc", "low") | dict.fromkeys(("wrong", "e", "f"), "high")
    with grey_searcher(tmp_path, levels, labels) as searcher:
        issues = find_label_issues(searcher, 3)
        assert [issue.item.key for issue in issues.issues] == ["wrong"]
        assert pictures(issues._repr_html_()) == (4, 3, 0)
        assert "item 3 (wrong): predicted low, margin 1.00" in issues._repr_html_()
        assert str(issues).splitlines()[0] == issues.summary()
        assert "wrong" in str(issues).splitlines()[-2]


def test_a_prediction_is_shown_with_its_voters(searcher: Searcher) -> None:
    prediction = searcher.predict(grey(61), k=3)
    assert pictures(prediction._repr_html_()) == (4, 2, 1)
    assert "label low, 67% of the votes" in prediction._repr_html_()
    assert "label low, 67% of the votes" in str(prediction)


def test_no_more_than_twenty_strips_are_shown(tmp_path: Path) -> None:
    with grey_searcher(tmp_path, {f"{level} {copy}": 10 * level for level in range(25) for copy in "ab"}) as searcher:
        html = find_duplicates(searcher, 0)._repr_html_()
    assert (pictures(html)[0], "and 5 more" in html) == (40, True)


def test_results_can_be_copied_and_pickled_which_costs_the_pictures(searcher: Searcher) -> None:
    results = (
        searcher.by_id(1),
        searcher.by_image(grey(61)),
        find_duplicates(searcher, 0.5),
        find_label_issues(searcher),
    )
    for result in results:
        restored = pickle.loads(pickle.dumps(result))
        assert (restored, str(restored)) == (result, str(result))
        assert copy.copy(result)._repr_html_() == copy.deepcopy(result)._repr_html_() == result._repr_html_()
        assert pictures(restored._repr_html_())[0] <= 1
        says_why = "no pictures: expected a result of an open store to read pictures from, got one that was pickled"
        assert (says_why in restored._repr_html_()) == ("<figure" in restored._repr_html_())
    prediction = searcher.predict(grey(61))
    assert pickle.loads(pickle.dumps(prediction)) == prediction
