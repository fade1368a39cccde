"""The figure of queries and their neighbours."""

from pathlib import Path

import numpy as np
import pytest

from search.errors import FigureUnusable
from search.figures import figure_file
from search.figures.gallery import OTHER_LABEL
from search.figures.neighbours_figure import draw_neighbours
from search.figures.palette import FAINT, INK, RIGHT, WRONG
from search.results import QueryResult
from storage import Hit, Item
from tests.search.figures.drawings import ITEM, ODD_LABELS, SCRIPTS, THUMBNAILS, captions, frames, hits, save, size
from tests.toys import grey


def test_a_query_and_three_neighbours_are_four_images_in_a_row() -> None:
    figure = draw_neighbours([QueryResult("item 0", hits("cat", "dog", "cat"), item=ITEM)], THUMBNAILS)
    assert len(figure.axes) == 4
    lefts = [axes.get_position(original=True).x0 for axes in figure.axes]
    assert lefts == sorted(lefts)
    assert len({axes.get_position(original=True).y0 for axes in figure.axes}) == 1
    shown = [np.array(axes.images[0].get_array()) for axes in figure.axes]
    np.testing.assert_array_equal(shown, [np.full((8, 8, 3), 40 * id) for id in range(4)])


def test_neighbours_of_the_querys_label_are_framed_green_and_others_red() -> None:
    figure = draw_neighbours([QueryResult("item 0", hits("cat", "dog", "cat"), item=ITEM)], THUMBNAILS)
    assert frames(figure) == [{INK}, {RIGHT}, {WRONG}, {RIGHT}]


def test_without_two_labels_to_compare_frames_are_grey() -> None:
    unlabelled = Item(0, "query", None, {}, b"digest")
    for item in (unlabelled, None):
        figure = draw_neighbours([QueryResult("item 0", hits("cat", None), item=item, image=grey(1))], THUMBNAILS)
        assert frames(figure) == [{INK}, {FAINT}, {FAINT}]
    figure = draw_neighbours([QueryResult("item 0", hits("cat", None), item=ITEM)], THUMBNAILS)
    assert frames(figure) == [{INK}, {RIGHT}, {FAINT}]


def test_captions_hold_labels_and_distances() -> None:
    figure = draw_neighbours([QueryResult("item 0", hits("cat"), item=ITEM)], THUMBNAILS)
    assert captions(figure) == ["query: cat", "id 0", "cat", "0.250"]
    figure = draw_neighbours([QueryResult("an image", hits("cat"), image=grey(9))], THUMBNAILS)
    assert captions(figure) == ["query", "cat", "0.250"]


def test_pictures_without_a_label_have_the_names_of_their_files() -> None:
    items = [Item(id, key, None, {}, b"digest") for id, key in enumerate(("trips/2024/rome.jpg", "tom.jpg", "odd/"))]
    found = tuple(Hit(item.id, item.id, item.key, None, item.id / 4, {}) for item in items[1:])
    figure = draw_neighbours([QueryResult("item 0", found, item=items[0])], THUMBNAILS)
    assert captions(figure) == ["query", "rome.jpg", "tom.jpg", "0.250", "''", "0.500"]


def test_another_label_is_marked_by_a_sign_too_for_readers_who_do_not_see_the_colour() -> None:
    figure = draw_neighbours([QueryResult("item 0", hits("cat", "dog", None), item=ITEM)], THUMBNAILS)
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [[], [], [OTHER_LABEL.sign], []]


def test_a_query_image_is_drawn_itself() -> None:
    figure = draw_neighbours([QueryResult("an image", hits("cat"), image=grey(9))], {})
    np.testing.assert_array_equal(np.array(figure.axes[0].images[0].get_array()), grey(9))


def test_an_item_without_a_thumbnail_is_drawn_as_no_picture() -> None:
    figure = draw_neighbours([QueryResult("item 0", hits("cat"), item=ITEM)], {})
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [["no picture"], ["no picture"]]


def test_each_query_is_a_row_of_its_own() -> None:
    results = [QueryResult("item 0", hits(*["cat"] * count), item=ITEM) for count in (3, 1, 2)]
    figure = draw_neighbours(results, THUMBNAILS)
    bottoms = [round(axes.get_position(original=True).y0, 6) for axes in figure.axes]
    assert [bottoms.count(bottom) for bottom in sorted(set(bottoms), reverse=True)] == [4, 2, 3]


@pytest.mark.parametrize("results", [[], [QueryResult("item 0", (), item=ITEM)]], ids=["no-query", "no-hits"])
def test_results_without_hits_are_refused(results: list[QueryResult]) -> None:
    with pytest.raises(FigureUnusable) as refused:
        draw_neighbours(results, THUMBNAILS)
    assert str(refused.value) == (
        "expected at least one neighbour to draw, got none: the store holds no other item, or none that "
        "the options allow"
    )


def test_a_neighbours_figure_is_saved_at_150_dots_per_inch(tmp_path: Path) -> None:
    figure = draw_neighbours([QueryResult("item 0", hits("cat", "dog", "cat"), item=ITEM)], THUMBNAILS)
    save(figure, tmp_path / "neighbours.png")
    # Inches: margins 0.36, four images of 1.35, gaps 0.3 and twice 0.08; height: margins 0.36, a row of 1.74.
    assert size((tmp_path / "neighbours.png").read_bytes()) == (int(6.22 * 150), int(2.1 * 150))
    assert [path.name for path in tmp_path.iterdir()] == ["neighbours.png"]


@pytest.mark.parametrize("label", [*ODD_LABELS, *SCRIPTS], ids=ascii)
def test_odd_labels_are_drawn_below_images_without_a_warning(label: str) -> None:
    item = Item(0, label, label, {}, b"digest")
    figure = draw_neighbours([QueryResult(label, hits(label, "other"), item=item)], THUMBNAILS)
    assert size(figure_file.encode(figure))[0] > 100
    assert frames(figure) == [{INK}, {RIGHT}, {WRONG}]
