"""The neighbours figure and the map, as objects and as files."""

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ingest.errors import UnreadableImage
from ingest.job import ingest
from search.errors import FigureUnusable
from search.figures import figure_file, map_figure, palette, text_fitting
from search.figures.gallery import OTHER_LABEL
from search.figures.map_figure import draw_map
from search.figures.mosaic import Cell, mosaic_cells
from search.figures.neighbours_figure import draw_neighbours
from search.figures.palette import FAINT, INK, RIGHT, WRONG
from search.results import QueryResult
from search.searcher import Searcher
from storage import Embedding, Hit, Item, NewItem, Store
from storage.errors import OutputRefused
from tests.errors import error_message
from tests.search.stores import LEVELS, grey_searcher
from tests.toys import grey, grey_source, png, toy_backbone

ITEM = Item(0, "query", "cat", {}, b"digest")
THUMBNAILS = {id: png(grey(40 * id)) for id in range(4)}
ODD_LABELS = [
    "$x$",
    "$",
    "\\$",
    "two\nlines",
    "_hidden",
    "",
    " ",
    "tab\there",
    "very long " * 9,
    "a_b^c",
    "%&{}\\",
]

SCRIPTS = [
    "猫和狗在一起",
    "قطة صغيرة",
    "🐱 cat",
    "🤖 robot",
    "кошка",
    "γάτα",
    "กขค",
    "हिन्दी",
    "고양이",
    "MANCHESTER UNITED",
]


def hits(*labels: str | None) -> tuple[Hit, ...]:
    return tuple(Hit(rank, rank, f"key {rank}", label, rank / 4, {}) for rank, label in enumerate(labels, start=1))


def frame(axes: Axes) -> set[str]:
    """Return the colours of the spines around an image."""
    return {to_hex(spine.get_edgecolor()) for spine in axes.spines.values()}


def frames(figure: Figure) -> list[set[str]]:
    return [frame(axes) for axes in figure.axes]


def captions(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def size(data: bytes) -> tuple[int, int]:
    """Return an image file's width and height in pixels."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return int(image.shape[1]), int(image.shape[0])


def legend(figure: Figure) -> list[str]:
    """Return the legend's entries without the mark that keeps an underscore visible."""
    shown = figure.axes[0].get_legend()
    assert shown is not None
    return [text.get_text().removeprefix("\u200b") for text in shown.get_texts()]


def groups(figure: Figure) -> list[tuple[str, NDArray[np.float64]]]:
    """Return the map's groups in the order drawn: colour, and points, (n, 2); the legend's own marks have none."""
    drawn = [
        (to_hex(np.asarray(group.get_facecolor())[0]), np.asarray(group.get_offsets(), np.float64))
        for group in figure.axes[0].collections
    ]
    return [(colour, points) for colour, points in drawn if len(points)]


def counts(figure: Figure) -> list[int]:
    """Return how many points each group has, in the order drawn."""
    return [len(points) for _, points in groups(figure)]


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


def test_captions_hold_labels_ids_and_distances() -> None:
    figure = draw_neighbours([QueryResult("item 0", hits("cat", None), item=ITEM)], THUMBNAILS)
    assert captions(figure) == ["query: cat", "id 0", "cat", "0.250", "id 2", "0.500"]
    figure = draw_neighbours([QueryResult("an image", hits("cat"), image=grey(9))], THUMBNAILS)
    assert captions(figure) == ["query", "cat", "0.250"]


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


def save(figure: Figure, path: Path) -> None:
    figure_file.save(figure, figure_file.figure_output(path))


def test_a_neighbours_figure_is_saved_at_150_dots_per_inch(tmp_path: Path) -> None:
    figure = draw_neighbours([QueryResult("item 0", hits("cat", "dog", "cat"), item=ITEM)], THUMBNAILS)
    save(figure, tmp_path / "neighbours.png")
    # Inches: margins 0.36, four images of 1.35, gaps 0.3 and twice 0.08; height: margins 0.36, a row of 1.74.
    assert size((tmp_path / "neighbours.png").read_bytes()) == (int(6.22 * 150), int(2.1 * 150))
    assert [path.name for path in tmp_path.iterdir()] == ["neighbours.png"]


STARTS = {
    "jpeg": b"\xff\xd8\xff",
    "jpg": b"\xff\xd8\xff",
    "pdf": b"%PDF",
    "png": b"\x89PNG",
    "svg": b"<?xml",
    "tif": b"II*\x00",
    "tiff": b"II*\x00",
    "webp": b"RIFF",
}


@pytest.mark.parametrize(
    ("suffix", "start"), [*((f".{name}", start) for name, start in STARTS.items()), (".PNG", b"\x89PNG")]
)
def test_the_suffix_selects_the_format_and_equal_figures_have_equal_bytes(
    tmp_path: Path, suffix: str, start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"figure{suffix}"
    written = []
    for time in ("1", "1000000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", time)
        save(draw_neighbours([QueryResult("item 0", hits("cat"), item=ITEM)], THUMBNAILS), path)
        written.append(path.read_bytes())
    assert written[0].startswith(start)
    assert written[0] == written[1]


@pytest.mark.parametrize("suffix", figure_file.FORMATS)
def test_a_figure_is_recognized_and_replaced_and_a_figure_of_another_program_is_not(
    tmp_path: Path, suffix: str
) -> None:
    ours, theirs = tmp_path / f"ours.{suffix}", tmp_path / f"theirs.{suffix}"
    for _ in range(2):
        save(Figure(), ours)
    Figure().savefig(theirs)
    before = theirs.read_bytes()
    assert [figure_file.is_figure(path) for path in (ours, theirs)] == [True, False]
    assert error_message(OutputRefused, save, Figure(), theirs) == (
        f"expected a new file for the figure, got {theirs}, which is no figure of Lookalike's: "
        "name another path, or give --force to replace it"
    )
    assert theirs.read_bytes() == before
    figure_file.save(Figure(), figure_file.figure_output(theirs, force=True))
    assert theirs.read_bytes() == ours.read_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Software: Lookalike",
        png(grey(3)),
        png(grey(3))[:20],
        b"%PDF-1.4 by Lookalike",
        b"<?xml version='1.0'?><svg><title>Lookalike</title></svg>",
        b"GIF89a Lookalike",
    ],
)
def test_another_file_is_no_figure(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "other.png").write_bytes(data)
    assert not figure_file.is_figure(tmp_path / "other.png")
    assert not figure_file.is_figure(tmp_path / "none.png")


def test_every_format_is_tested_above() -> None:
    assert tuple(STARTS) == figure_file.FORMATS


@pytest.mark.parametrize("name", ["figure.txt", "figure", "figure.", ".png", "figure.png.zip", "figure.pgf"])
def test_an_unsupported_suffix_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    assert error_message(FigureUnusable, save, Figure(), tmp_path / name) == (
        f"expected a figure's name to end in one of jpeg, jpg, pdf, png, svg, tif, tiff, webp, got {tmp_path / name}"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused_and_not_created(tmp_path: Path) -> None:
    assert error_message(FigureUnusable, save, Figure(), tmp_path / "none" / "figure.png") == (
        f"expected a folder for the figure figure.png, found none at {tmp_path / 'none'}: make it first"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_the_figures_name_is_refused_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "figure.png").mkdir()
    assert error_message(FigureUnusable, figure_file.figure_output, tmp_path / "figure.png") == (
        f"expected to write the figure {tmp_path / 'figure.png'}, got 'Is a directory': name another path, or make room"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["figure.png"]


def test_a_folder_that_may_not_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever runs the tests as root may write everywhere.
    monkeypatch.setattr("os.access", lambda path, _: path != tmp_path)
    assert error_message(FigureUnusable, figure_file.figure_output, tmp_path / "figure.png") == (
        f"expected to write the figure {tmp_path / 'figure.png'}, got 'Permission denied': "
        "name another path, or make room"
    )


def test_a_full_disk_is_reported_in_one_line_and_the_old_figure_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    save(Figure(), tmp_path / "figure.png")
    old = (tmp_path / "figure.png").read_bytes()
    monkeypatch.setattr("os.fsync", full)
    assert error_message(FigureUnusable, save, Figure(), tmp_path / "figure.png") == (
        f"expected to write the figure {tmp_path / 'figure.png'}, got 'No space left on device': "
        "name another path, or make room"
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"figure.png": old}


@pytest.mark.parametrize("label", [*ODD_LABELS, *SCRIPTS], ids=ascii)
def test_odd_labels_are_drawn_below_images_without_a_warning(label: str) -> None:
    item = Item(0, label, label, {}, b"digest")
    figure = draw_neighbours([QueryResult(label, hits(label, "other"), item=item)], THUMBNAILS)
    assert size(figure_file.encode(figure))[0] > 100
    assert frames(figure) == [{INK}, {RIGHT}, {WRONG}]


def map_of(folder: Path, labels: Mapping[str, str | None]) -> Figure:
    """Draw the map of a store of grey images, each of its own level."""
    labelled = {key: label for key, label in labels.items() if label is not None}
    with grey_searcher(folder, {key: level for level, key in enumerate(labels)}, labelled) as searcher:
        return draw_map(searcher.store)


def test_a_map_lists_its_labels_in_order_and_the_number_of_its_items(tmp_path: Path) -> None:
    labels = {str(number): ("low", "high", None)[number % 3] for number in range(30)}
    figure = map_of(tmp_path, labels)
    assert legend(figure) == ["(no label)", "high", "low"]
    assert counts(figure) == [10, 10, 10]
    assert figure.texts[0].get_text() == "t-SNE of 30 items, recipe toy"


def test_a_map_has_a_colour_of_its_own_for_each_of_twenty_labels(tmp_path: Path) -> None:
    figure = map_of(tmp_path, {str(number): f"label {number % 20:02d}" for number in range(60)})
    assert legend(figure) == [f"label {number:02d}" for number in range(20)]
    assert len({colour for colour, _ in groups(figure)}) == 20


def test_the_rarer_of_more_than_twenty_labels_are_one_group(tmp_path: Path) -> None:
    # Label 00 has one item, 01 to 05 have two, and 06 to 24 three.
    names = [f"label {number:02d}" for number in range(25) for _ in range(1 if number < 1 else 2 if number < 6 else 3)]
    figure = map_of(tmp_path, {f"{index}": name for index, name in enumerate(names)})
    assert legend(figure) == ["others", *(f"label {number:02d}" for number in range(6, 25))]
    assert counts(figure) == [1 + 5 * 2, *[3] * 19]
    assert figure.texts[0].get_text() == "t-SNE of 68 items, recipe toy"


def test_with_more_than_twenty_labels_every_item_is_in_exactly_one_group(tmp_path: Path) -> None:
    # The first nineteen have two items, the empty label among them; the others, one of them no label, have one.
    common = ["", "None", "(no label)", "others", *(f"label {number:02d}" for number in range(15))]
    rare = [None, "a", "b"]
    figure = map_of(tmp_path, {str(index): label for index, label in enumerate([*common, *common, *rare])})
    shown = ["''", "(no label)", "None", *(f"label {number:02d}" for number in range(15)), "others"]
    assert legend(figure) == ["others", *shown]
    assert counts(figure) == [3, *[2] * 19]


def test_an_empty_label_can_be_among_the_rarer_ones(tmp_path: Path) -> None:
    names = [*(f"label {number:02d}" for number in range(19) for _ in range(2)), "", "b"]
    figure = map_of(tmp_path, {str(index): name for index, name in enumerate(names)})
    assert legend(figure) == ["others", *(f"label {number:02d}" for number in range(19))]
    assert counts(figure) == [2, *[2] * 19]


def test_no_label_and_a_label_of_that_name_are_two_groups(tmp_path: Path) -> None:
    figure = map_of(tmp_path, {str(number): ("(no label)", None, "")[number % 3] for number in range(9)})
    assert legend(figure) == ["(no label)", "''", "(no label)"]
    assert len({colour for colour, _ in groups(figure)}) == 3


def test_the_longest_names_fit_beside_a_map(tmp_path: Path) -> None:
    figure = map_of(tmp_path, {str(number): label for number, label in enumerate(SCRIPTS)})
    figure.draw_without_rendering()
    shown = figure.axes[0].get_legend()
    assert shown is not None
    # The same margin, of 0.18 inches, as on the left.
    right = max(text.get_window_extent().x1 for text in shown.get_texts()) / figure.dpi
    assert figure.get_figwidth() - right == pytest.approx(0.18, abs=0.05)


def test_a_map_of_very_many_items_shows_a_sample_that_keeps_each_labels_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_figure, "MAX_ITEMS", 20)
    figure = map_of(tmp_path, {str(number): "rare" if number % 4 == 0 else "common" for number in range(40)})
    assert (legend(figure), counts(figure)) == (["common", "rare"], [15, 5])
    assert figure.texts[0].get_text() == "t-SNE of a sample of 20 of 40 items, recipe toy"


def test_a_map_puts_similar_images_together(tmp_path: Path) -> None:
    levels = {str(number): number if number < 10 else 240 + number % 10 for number in range(20)}
    labels = {key: "dark" if level < 100 else "light" for key, level in levels.items()}
    with grey_searcher(tmp_path, levels, labels) as searcher:
        figure = draw_map(searcher.store)
    (_, dark), (_, light) = groups(figure)
    apart = np.linalg.norm(dark.mean(axis=0) - light.mean(axis=0))
    assert max(np.linalg.norm(points - points.mean(axis=0), axis=1).max() for points in (dark, light)) < apart


def test_the_same_store_gives_the_same_map(searcher: Searcher) -> None:
    ingest(grey_source({"grey": 100, "ash": 110}), searcher.store.folder, make_backbone=toy_backbone())
    assert figure_file.encode(draw_map(searcher.store)) == figure_file.encode(draw_map(searcher.store))


def test_a_map_is_saved_at_150_dots_per_inch(tmp_path: Path) -> None:
    save(map_of(tmp_path, {str(number): "one" for number in range(5)}), tmp_path / "map.png")
    assert size((tmp_path / "map.png").read_bytes()) == (1225, 1182)


def test_a_map_of_fewer_than_five_items_is_refused(searcher: Searcher) -> None:
    with pytest.raises(FigureUnusable) as refused:
        draw_map(searcher.store)
    assert str(refused.value) == f"expected at least 5 items to draw a map, got {len(LEVELS)}: ingest more"


def test_a_map_shows_the_searchers_snapshot_while_another_process_adds_items(tmp_path: Path) -> None:
    levels = {str(number): number for number in range(6)}
    with grey_searcher(tmp_path, levels, dict.fromkeys(levels, "old")) as searcher:
        searcher.by_id(0)
        later: dict[str, Any] = {"levels": {"7": 7, "8": 8}, "labels": {"7": "new", "8": "new"}}
        ingest(grey_source(**later), searcher.store.folder, make_backbone=toy_backbone())
        figure = draw_map(searcher.store)
    assert (legend(figure), counts(figure)) == (["old"], [6])
    assert figure.texts[0].get_text() == "t-SNE of 6 items, recipe toy"


def test_odd_labels_are_drawn_on_a_map_without_a_warning(tmp_path: Path) -> None:
    labels = [*ODD_LABELS, *SCRIPTS[:9]]
    figure = map_of(tmp_path, {str(number): labels[number % 20] for number in range(60)})
    assert size(figure_file.encode(figure))[1] == 1182
    assert counts(figure) == [3] * 20


def test_a_map_uses_the_installed_font_that_has_the_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_fitting, "FAMILIES", ("DejaVu Sans", "STIXGeneral"))
    # A name is written where most of its points are close together.
    monkeypatch.setattr(map_figure, "tsne", lambda _: np.array([[0, 0]] * 5 + [[1, 1]], np.float32))
    figure = map_of(tmp_path, dict.fromkeys("123456", "Ⓐ"))
    assert legend(figure) == ["Ⓐ"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["Ⓐ"]
    # matplotlib warns of a letter that no font has, and warnings are errors here.
    assert size(figure_file.encode(figure))[1] == 1182


def mosaic_of(*points: tuple[float, float]) -> list[Cell]:
    return mosaic_cells(np.array(points, np.float32))


def test_an_image_gets_the_cell_of_its_point() -> None:
    assert mosaic_of((0.0, 0.0), (1.0, 1.0), (0.5, 0.2)) == [
        Cell(0, 0.0, 0.0, 0.125),
        Cell(1, 0.875, 0.875, 0.125),
        Cell(2, 0.5, 0.125, 0.125),
    ]


def test_if_two_points_share_a_cell_the_one_farther_from_its_centre_gets_the_nearest_free_cell() -> None:
    assert mosaic_of((0.12, 0.06), (0.06, 0.06)) == [Cell(0, 0.125, 0.0, 0.125), Cell(1, 0.0, 0.0, 0.125)]


def test_all_images_of_a_small_store_are_shown_and_none_overlaps_another() -> None:
    points = np.random.default_rng(31).normal(0.5, 0.05, (600, 2)).clip(0, 1).astype(np.float32)
    cells = mosaic_cells(points)
    assert [cell.position for cell in cells] == list(range(600))
    assert len({(cell.left, cell.bottom) for cell in cells}) == 600


def test_a_mosaic_of_a_large_store_shows_the_image_nearest_to_the_centre_of_each_cell() -> None:
    points = np.random.default_rng(31).random((5000, 2), np.float32)
    cells = mosaic_cells(points)
    assert len(cells) == len({(cell.left, cell.bottom) for cell in cells}) <= 34**2
    for cell in cells:
        corner = np.array([cell.left, cell.bottom], np.float32)
        inside = points[((points >= corner) & (points < corner + cell.side)).all(axis=1)]
        nearest = np.linalg.norm(inside - corner - cell.side / 2, axis=1).min()
        shown = np.linalg.norm(points[cell.position] - corner - cell.side / 2)
        assert shown == pytest.approx(nearest, abs=1e-5)


def test_a_map_of_thumbnails_frames_each_in_its_labels_colour(tmp_path: Path) -> None:
    levels = {str(number): 20 * number for number in range(6)}
    labels = {key: "dark" if level < 60 else "light" for key, level in levels.items()}
    with grey_searcher(tmp_path, levels, labels) as searcher:
        figure = draw_map(searcher.store, thumbnails=True)
    axes = figure.axes[0]
    assert figure.texts[0].get_text() == "t-SNE of 6 items, recipe toy, 6 pictures"
    assert [int(np.array(image.get_array())[0, 0, 0]) for image in axes.images] == list(levels.values())
    assert [to_hex(frame.get_edgecolor()) for frame in axes.patches] == [palette.LABEL_COLOURS[0]] * 3 + [
        palette.LABEL_COLOURS[1]
    ] * 3
    assert axes.get_xlim() == axes.get_ylim() == (-0.02, 1.02)


def map_of_thumbnails(folder: Path, thumbnails: Sequence[bytes | None]) -> Figure:
    """Draw the map of a store of imported vectors, each with a thumbnail or none."""
    items = [NewItem(str(number), b"", "one", {}, thumbnail) for number, thumbnail in enumerate(thumbnails)]
    with Store.create(folder / "store", Embedding(2, "f" * 64)) as store:
        store.append(items, [[number, 0] for number in range(len(items))])
        return draw_map(store, thumbnails=True)


def test_only_the_pictures_that_there_are_are_counted(tmp_path: Path) -> None:
    figure = map_of_thumbnails(tmp_path, [png(grey(3)), None, None, png(grey(4)), None])
    assert figure.texts[0].get_text().endswith(", 2 pictures")
    assert (len(figure.axes[0].images), len(figure.axes[0].patches)) == (2, 5)


def test_a_map_of_thumbnails_of_a_store_without_any_is_refused(tmp_path: Path) -> None:
    assert error_message(FigureUnusable, map_of_thumbnails, tmp_path, [None] * 5) == (
        "expected thumbnails to draw, got a store without any: leave --thumbnails out"
    )


def test_a_thumbnail_that_cannot_be_decoded_is_named_by_its_item(tmp_path: Path) -> None:
    message = error_message(UnreadableImage, map_of_thumbnails, tmp_path, [*[png(grey(3))] * 4, b"no picture"])
    assert "the thumbnail of item 4" in message
    broken = {**THUMBNAILS, 2: png(grey(1))[:-20]}
    results = [QueryResult("item 0", hits("cat", "dog", "cat"), item=ITEM)]
    assert "the thumbnail of item 2" in error_message(UnreadableImage, draw_neighbours, results, broken)


def test_a_name_is_written_where_its_label_is_dense_and_not_where_it_is_scattered(tmp_path: Path) -> None:
    levels = {str(number): number if number < 30 else 200 + number % 30 for number in range(60)}
    labels = {key: "dark" if level < 100 else ("odd", "even")[level % 2] for key, level in levels.items()}
    with grey_searcher(tmp_path, levels, labels) as searcher:
        figure = draw_map(searcher.store)
    assert legend(figure) == ["dark", "even", "odd"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["dark"]
