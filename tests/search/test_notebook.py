"""Results as HTML in a notebook."""

from pathlib import Path

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


def test_a_strip_of_a_store_that_was_deleted_has_no_images(tmp_path: Path) -> None:
    with grey_searcher(tmp_path) as searcher:
        result = searcher.by_id(0, k=1)
    (tmp_path / "store" / "catalog.sqlite").unlink()
    assert result._repr_html_().count("no picture") == 2
