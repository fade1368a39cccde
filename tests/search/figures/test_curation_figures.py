"""The galleries of duplicates and of label issues."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from search.curation.duplicate_group import DuplicateGroup, Kind, Member
from search.curation.duplicates import Duplicates, find_duplicates
from search.curation.label_issues import find_label_issues
from search.curation.outliers import find_outliers
from search.errors import FigureUnusable
from search.figures import curation_figures, figure_file
from search.figures.curation_figures import draw_duplicates, draw_label_issues, draw_outliers
from search.figures.gallery import DOUBTFUL, OTHER_LABEL, TextTile, Tile, draw_gallery
from search.searcher import Searcher
from storage.errors import OutputRefused
from tests.errors import error_message
from tests.search.stores import grey_searcher
from tests.toys import grey

LEVELS = {"0": 10, "1": 12, "2": 200, "3": 11, "4": 100, "5": 201}
LABELS = {"0": "low", "1": "high", "2": "high", "3": "low", "5": "low"}


@pytest.fixture
def searcher(tmp_path: Path) -> Iterator[Searcher]:
    with grey_searcher(tmp_path, LEVELS, LABELS) as searcher:
        yield searcher


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def levels(figure: Figure) -> list[int]:
    """Return the grey level of each image, in the order drawn."""
    return [int(np.array(axes.images[0].get_array())[0, 0, 0]) for axes in figure.axes if axes.images]


def signs(figure: Figure) -> list[list[str]]:
    return [[text.get_text() for text in axes.texts] for axes in figure.axes]


def test_a_group_is_a_row_that_begins_with_the_picture_to_keep(searcher: Searcher) -> None:
    (figure,) = draw_duplicates(find_duplicates(searcher, 0.02), searcher.store)
    assert levels(figure) == [10, 11, 12, 200, 201]
    assert texts(figure) == [
        "2 groups of duplicates within 0.02",
        *("0", "low, 8 × 8", "keep: first"),  # noqa: RUF001
        *("3", "low, 8 × 8", "distance 0.008"),  # noqa: RUF001
        *("1", "high, 8 × 8", "distance 0.016", "other label"),  # noqa: RUF001
        *("2", "high, 8 × 8", "keep: first"),  # noqa: RUF001
        *("5", "low, 8 × 8", "distance 0.008", "other label"),  # noqa: RUF001
    ]
    assert signs(figure) == [[], [], [], [], []]


def group_of(searcher: Searcher, *sure: tuple[str, Kind, float]) -> DuplicateGroup:
    """Return a group of stored items with these kinds and confidences."""
    items = [searcher.store.by_key(key) for key, _, _ in sure]
    return DuplicateGroup(
        tuple(
            Member(item, 0.1, kind, confidence, item is items[0], "first" if item is items[0] else "later")
            for item, (_, kind, confidence) in zip(items, sure, strict=True)
        )
    )


def test_the_least_sure_groups_come_first_and_what_is_not_nearly_sure_is_marked(searcher: Searcher) -> None:
    sure = group_of(searcher, ("0", Kind.IDENTICAL_FILE, 1.0), ("1", Kind.REENCODED, 0.99))
    doubtful = group_of(
        searcher, ("2", Kind.IDENTICAL_FILE, 1.0), ("5", Kind.EDITED, 0.76), ("4", Kind.IDENTICAL_PIXELS, 1.0)
    )
    (figure,) = draw_duplicates(Duplicates(None, 6, (sure, doubtful)), searcher.store)
    assert levels(figure) == [200, 201, 100, 10, 12]
    assert signs(figure) == [[], [DOUBTFUL.sign], [], [], []]
    assert texts(figure)[0] == "2 groups of duplicates, the least sure first; ? marks what is less than 90% sure"
    assert [text for text in texts(figure) if "%" in text][1:] == [
        "edited, 76%",
        "identical pixels, 100%",
        "re-encoded or resized, 99%",
    ]


def test_only_the_first_of_a_large_group_are_drawn_and_the_others_are_counted(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curation_figures, "_MAX_HITS", 3)
    (figure,) = draw_duplicates(find_duplicates(searcher, 1.5), searcher.store)
    assert levels(figure) == [10, 11, 12, 100]
    assert signs(figure)[-1] == ["and 2\nmore"]
    assert texts(figure)[0] == "1 group of duplicates within 1.5"


def test_many_groups_are_drawn_on_several_pages(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(curation_figures, "_MAX_ROWS", 1)
    pages = list(draw_duplicates(find_duplicates(searcher, 0.02), searcher.store))
    assert [texts(page)[0] for page in pages] == [
        "Groups of duplicates 1 to 1 of 2 within 0.02",
        "Groups of duplicates 2 to 2 of 2 within 0.02",
    ]
    output = figure_file.figure_output(tmp_path / "groups.png")
    paths = figure_file.save_pages(pages, output, searcher.store)
    assert paths == [tmp_path / "groups.png", tmp_path / "groups-2.png"]
    assert [figure_file.is_figure(path) for path in paths] == [True, True]
    (tmp_path / "groups-2.png").write_text("mine")
    with pytest.raises(OutputRefused):
        figure_file.save_pages(pages, output, searcher.store)
    assert (tmp_path / "groups-2.png").read_text() == "mine"


def test_a_label_issue_and_its_neighbours_without_the_predicted_label_are_marked(tmp_path: Path) -> None:
    grey_levels = {"a": 0, "b": 2, "c": 5, "d": 200, "e": 202, "f": 204}
    labels = {"a": "low", "b": "low", "c": "high", "d": "high", "e": "high", "f": "high"}
    with grey_searcher(tmp_path, grey_levels, labels) as searcher:
        figure = draw_label_issues(find_label_issues(searcher, 3), searcher.store)
    assert texts(figure) == [
        "1 item whose neighbours have another label",
        *("high", "rather: low (60%)", "id 2"),
        *("low", "0.024", "low", "0.039", "high", "1.529"),
    ]
    assert signs(figure) == [[OTHER_LABEL.sign], [], [], [OTHER_LABEL.sign]]
    assert levels(figure) == [5, 2, 0, 200]


def test_an_outlier_is_a_row_with_what_is_nearest(tmp_path: Path) -> None:
    with grey_searcher(tmp_path, {"a": 0, "b": 2, "c": 5, "d": 200}, {"d": "dark"}) as searcher:
        outliers = find_outliers(searcher, 1, limit=1)
        figure = draw_outliers(outliers, searcher.store)
        none = find_outliers(searcher, 1, min_score=100)
        assert error_message(FigureUnusable, draw_outliers, none, searcher.store) == (
            "expected outliers to draw, got none: give a lower --min-score"
        )
    assert texts(figure) == [
        "The farthest of 4 items from all others, each with what is nearest",
        *("dark", "78.00 times", "id 3"),
        *("c", "1.529", "b", "1.553"),
    ]
    assert levels(figure) == [200, 5, 2]


def test_no_duplicates_and_no_label_issues_are_refused(tmp_path: Path) -> None:
    with grey_searcher(tmp_path) as searcher:
        assert error_message(FigureUnusable, draw_duplicates, find_duplicates(searcher, 0.1), searcher.store) == (
            "expected duplicates to draw, got none within 0.1: give a larger --radius to find more"
        )
        assert error_message(FigureUnusable, draw_duplicates, Duplicates(None, 4, ()), searcher.store) == (
            "expected duplicates to draw, got none: give a --radius to find what merely looks alike"
        )
        with pytest.raises(FigureUnusable) as refused:
            draw_label_issues(find_label_issues(searcher, 1), searcher.store)
        assert str(refused.value) == "expected label issues to draw, got none: every label is that of its neighbours"


@pytest.mark.parametrize(
    "label", ["MANCHESTER UNITED FOOTBALL CLUB", "two\nlines", "", "$x$", "猫和狗在一起玩耍的照片"], ids=ascii
)
def test_nothing_is_cut_at_the_edge_and_no_caption_touches_another(label: str) -> None:
    tile = Tile(grey(9), (label, label, label))
    figure = draw_gallery(
        [[tile, tile, tile], [tile, TextTile("and 7\nmore")]], 1.0, "A title that is wider than the row"
    )
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.texts]
    for box in boxes:
        assert figure.bbox.x0 < box.x0 < box.x1 < figure.bbox.x1
        assert figure.bbox.y0 < box.y0 < box.y1 < figure.bbox.y1
    assert [(i, j) for i, box in enumerate(boxes) for j, other in enumerate(boxes[:i]) if box.overlaps(other)] == []
    assert figure_file.encode(figure).startswith(b"\x89PNG")


def test_small_groups_are_drawn_in_two_columns_and_large_ones_in_one(searcher: Searcher) -> None:
    (small,) = draw_duplicates(find_duplicates(searcher, 0.02), searcher.store)
    assert len({round(axes.get_position(original=True).y0, 6) for axes in small.axes}) == 1
    row = [Tile(grey(9), ("a",))] * 5
    large = draw_gallery([row, row], 1.0)
    assert len({round(axes.get_position(original=True).y0, 6) for axes in large.axes}) == 2
