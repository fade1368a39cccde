"""The galleries of duplicates and of label issues."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from search.curation.duplicates import find_duplicates
from search.curation.label_issues import find_label_issues
from search.errors import FigureUnusable
from search.figures import curation_figures, figure_file
from search.figures.curation_figures import draw_duplicates, draw_label_issues
from search.figures.gallery import OTHER_LABEL, TextTile, Tile, draw_gallery
from search.searcher import Searcher
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


def test_a_group_is_a_row_that_begins_with_its_representative(searcher: Searcher) -> None:
    figure = draw_duplicates(find_duplicates(searcher, 0.02), searcher.store)
    assert levels(figure) == [10, 11, 12, 200, 201]
    assert texts(figure) == [
        "2 groups of duplicates within 0.02",
        *("low", "id 0", "low", "0.008", "high", "0.016"),
        *("high", "id 2", "low", "0.008"),
    ]
    assert signs(figure) == [[], [], [OTHER_LABEL.sign], [], [OTHER_LABEL.sign]]


def test_only_the_nearest_of_a_large_group_are_drawn_and_the_others_are_counted(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curation_figures, "_MAX_HITS", 3)
    monkeypatch.setattr(curation_figures, "_MAX_ROWS", 1)
    figure = draw_duplicates(find_duplicates(searcher, 1.5), searcher.store)
    assert levels(figure) == [10, 11, 12, 100]
    assert signs(figure)[-1] == ["and 2\nmore"]
    assert texts(figure)[0] == "1 group of duplicates within 1.5"
    figure = draw_duplicates(find_duplicates(searcher, 0.02), searcher.store)
    assert texts(figure)[0] == "The 1 largest of 2 groups of duplicates within 0.02"


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


def test_no_duplicates_and_no_label_issues_are_refused(tmp_path: Path) -> None:
    with grey_searcher(tmp_path) as searcher:
        assert error_message(FigureUnusable, draw_duplicates, find_duplicates(searcher, 0.1), searcher.store) == (
            "expected duplicates to draw, got none within 0.1: give a larger --radius to find more"
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
    small = draw_duplicates(find_duplicates(searcher, 0.02), searcher.store)
    assert len({round(axes.get_position(original=True).y0, 6) for axes in small.axes}) == 1
    row = [Tile(grey(9), ("a",))] * 5
    large = draw_gallery([row, row], 1.0)
    assert len({round(axes.get_position(original=True).y0, 6) for axes in large.axes}) == 2
