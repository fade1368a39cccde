"""Items that are far from all others."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from search.curation.outliers import Outliers, find_outliers
from search.searcher import Searcher
from storage import NewItem, Store
from storage.errors import InvalidQuery
from tests.errors import exactly
from tests.search.stores import SIZE, grey_searcher
from tests.storage.stores import EMBEDDING

#: The distance of two grey images whose levels differ by 1.
LEVEL = 2 / 255


def keys(outliers: Outliers) -> list[str]:
    return [outlier.item.key for outlier in outliers.outliers]


def test_the_farthest_items_come_first_with_their_nearest_neighbours(tmp_path: Path) -> None:
    levels = {f"{level}": level for level in range(20, 40)} | {"far": 140, "farther": 250}
    with grey_searcher(tmp_path, levels, {"far": "grey"}) as searcher:
        outliers = find_outliers(searcher, 1, limit=2)
    assert outliers.as_json() == {
        "k": 1,
        "items": 22,
        "usual_distance": pytest.approx(LEVEL, abs=1e-6),
        "outliers": [
            {
                "id": 21,
                "key": "farther",
                "label": None,
                "score": pytest.approx(110, abs=1e-2),
                "distance": pytest.approx(110 * LEVEL, abs=1e-6),
                "copies": [],
                "neighbours": [
                    {"id": 20, "key": "far", "label": "grey", "distance": pytest.approx(110 * LEVEL, abs=1e-6)},
                    {"id": 19, "key": "39", "label": None, "distance": pytest.approx(211 * LEVEL, abs=1e-6)},
                ],
            },
            {
                "id": 20,
                "key": "far",
                "label": "grey",
                "score": pytest.approx(101, abs=1e-2),
                "distance": pytest.approx(101 * LEVEL, abs=1e-6),
                "copies": [],
                "neighbours": [
                    {"id": 19, "key": "39", "label": None, "distance": pytest.approx(101 * LEVEL, abs=1e-6)},
                    {"id": 18, "key": "38", "label": None, "distance": pytest.approx(102 * LEVEL, abs=1e-6)},
                ],
            },
        ],
    }
    assert outliers.outliers[0].neighbours[1].metadata == SIZE
    assert outliers.summary() == (
        "the 2 of 22 items that are farthest from all others, 101.00 to 110.00 times as far as usual:"
    )


def test_distances_are_those_of_the_kth_neighbour_of_scikit_learn(tmp_path: Path) -> None:
    vectors = np.random.default_rng(3).normal(size=(300, EMBEDDING.dim)).astype(np.float32)
    items = [NewItem(f"{number}", number.to_bytes(32, "big"), None, {}, b"", None) for number in range(len(vectors))]
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        store.append(items, vectors)
    with Searcher.open(tmp_path / "store") as searcher:
        outliers = find_outliers(searcher, 7, limit=300)
    expected = NearestNeighbors(n_neighbors=7).fit(vectors).kneighbors()[0][:, -1]
    found = {outlier.item.id: outlier.distance for outlier in outliers.outliers}
    assert [found[id] for id in range(300)] == pytest.approx(expected.tolist(), rel=1e-5)
    assert outliers.usual_distance == pytest.approx(float(np.median(expected)), rel=1e-5)
    assert [outlier.score for outlier in outliers.outliers] == pytest.approx(
        np.sort(expected / np.median(expected))[::-1].tolist(), rel=1e-5
    )


def test_copies_of_one_file_do_not_hide_an_outlier_and_are_listed_once(tmp_path: Path) -> None:
    levels = {f"{level}": level for level in range(20, 30)} | {f"copy {number}": 200 for number in range(3)}
    with grey_searcher(tmp_path, levels) as searcher:
        outliers = find_outliers(searcher, 2)
    assert (keys(outliers)[0], len(keys(outliers)), outliers.item_count) == ("copy 0", 11, 13)
    first = outliers.outliers[0]
    assert [copy.key for copy in first.copies] == ["copy 1", "copy 2"]
    assert [copy["key"] for copy in first.as_json()["copies"]] == ["copy 1", "copy 2"]
    assert [hit.key for hit in first.neighbours] == ["29", "28"]
    assert first.distance == pytest.approx(172 * LEVEL, abs=1e-6)
    assert [cell.strip() for cell in str(outliers).splitlines()[4].split("│")[1:-1]][-3:] == ["10", "3", "copy 0"]


def test_of_many_copies_of_another_file_one_counts(tmp_path: Path) -> None:
    levels = {f"copy {number}": 100 for number in range(3)} | {"a": 101, "b": 90, "c": 60}
    with grey_searcher(tmp_path, levels) as searcher:
        outliers = find_outliers(searcher, 2)
    found = {outlier.item.key: [hit.key for hit in outlier.neighbours] for outlier in outliers.outliers}
    assert found["a"] == ["copy 0", "b"]
    assert found["c"] == ["b", "copy 0"]


def test_a_score_says_from_which_on_items_are_listed(tmp_path: Path) -> None:
    levels = {f"{level}": level for level in (10, 11, 12, 13, 50, 120)}
    with grey_searcher(tmp_path, levels) as searcher:
        assert keys(find_outliers(searcher, 1, min_score=1.5)) == ["120", "50"]
        assert keys(find_outliers(searcher, 1, min_score=1.5, limit=1)) == ["120"]
        one, none = (find_outliers(searcher, 1, min_score=least) for least in (50, 100))
    assert one.summary() == "the one of 6 items that is farthest from all others, 70.00 times as far as usual:"
    assert none.summary() == "none of 6 items is so far from all others"


@pytest.mark.parametrize("levels", [{}, {"a": 1}, {"a": 1, "b": 1, "c": 1}])
def test_a_store_of_next_to_nothing_has_no_outliers(tmp_path: Path, levels: dict[str, int]) -> None:
    with grey_searcher(tmp_path, levels or {"gone": 1}) as searcher:
        if not levels:
            searcher.store.close()
            with Store.open(tmp_path / "store", writing=True) as store:
                store.delete(keys=["gone"])
            with Searcher.open(tmp_path / "store") as emptied:
                outliers = find_outliers(emptied)
        else:
            outliers = find_outliers(searcher)
    assert (outliers.outliers, outliers.item_count) == ((), len(levels))


def test_a_k_below_one_is_refused(searcher: Searcher) -> None:
    message = "expected k to be a whole number of at least 1, got 0"
    with pytest.raises(InvalidQuery, match=exactly(message)):
        find_outliers(searcher, 0)


def test_outliers_are_shown_as_strips_and_printed_as_a_table(tmp_path: Path) -> None:
    levels = {f"{level}": level for level in range(20, 40)} | {"far": 140}
    with grey_searcher(tmp_path, levels) as searcher:
        outliers = find_outliers(searcher, 1, limit=1)
        html = outliers._repr_html_()
    assert html.count('src="data:image/png;base64,') == 3
    assert "item 20 (far): 101.00 times as far as usual" in html
    lines = str(outliers).splitlines()
    assert lines[0] == outliers.summary()
    assert [cell.strip() for cell in lines[-2].split("│")[1:-1]] == ["101.00", "0.7922", "-", "20", "1", "far"]
