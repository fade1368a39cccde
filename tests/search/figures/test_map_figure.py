"""The t-SNE map of a store, of dots or of thumbnails."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ingest.job import ingest
from search.errors import FigureUnusable
from search.figures import figure_file, map_figure, palette, text_fitting
from search.figures.map_figure import Pictures, draw_map
from search.figures.neighbours_figure import draw_neighbours
from search.map_places import tsne
from search.results import QueryResult
from search.searcher import Searcher
from storage import Embedding, NewItem, Store
from tests.errors import error_message
from tests.search.figures.drawings import ITEM, ODD_LABELS, SCRIPTS, THUMBNAILS, hits, save, size
from tests.search.stores import LEVELS, grey_searcher
from tests.toys import grey, grey_source, png, toy_backbone


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


def looks(figure: Figure) -> list[tuple[str, bytes]]:
    """Return the colour and shape of each group, in the order drawn."""
    drawn = [group for group in figure.axes[0].collections if len(np.asarray(group.get_offsets()))]
    return [
        (to_hex(np.asarray(group.get_facecolor())[0]), np.asarray(group.get_paths()[0].vertices).tobytes())
        for group in drawn
    ]


def test_a_map_has_a_colour_of_its_own_for_each_of_twenty_labels(tmp_path: Path) -> None:
    figure = map_of(tmp_path, {str(number): f"label {number % 20:02d}" for number in range(60)})
    assert legend(figure) == [f"label {number:02d}" for number in range(20)]
    assert len({colour for colour, _ in groups(figure)}) == 20


def test_of_more_labels_each_has_its_own_colour_and_shape(tmp_path: Path) -> None:
    figure = map_of(tmp_path, {str(number): f"label {number:03d}" for number in range(120)})
    assert legend(figure) == [f"label {number:03d}" for number in range(120)]
    assert len(set(looks(figure))) == 120
    assert looks(figure)[:20] == [(colour, looks(figure)[0][1]) for colour in palette.LABEL_COLOURS]
    figure.draw_without_rendering()
    shown = figure.axes[0].get_legend()
    assert shown is not None
    # All of the legend is in the figure, beside the map.
    window = shown.get_window_extent()
    assert window.x1 < figure.bbox.x1
    assert window.y0 > 0


def test_the_rarer_of_very_many_labels_are_one_group(tmp_path: Path) -> None:
    # Labels 000 to 005 have one item, the others two.
    names = [f"label {number:03d}" for number in range(125) for _ in range(1 if number < 6 else 2)]
    figure = map_of(tmp_path, {f"{index}": name for index, name in enumerate(names)})
    assert legend(figure) == ["others", *(f"label {number:03d}" for number in range(6, 125))]
    assert counts(figure) == [6, *[2] * 119]
    assert groups(figure)[0][0] == palette.OTHERS
    assert figure.texts[0].get_text() == "t-SNE of 244 items, recipe toy"


def test_with_very_many_labels_every_item_is_in_exactly_one_group(tmp_path: Path) -> None:
    # The first 119 have two items, the empty label among them; the others, one of them no label, have one.
    common = ["", "None", "(no label)", "others", *(f"label {number:03d}" for number in range(115))]
    rare = [None, "a", "b"]
    figure = map_of(tmp_path, {str(index): label for index, label in enumerate([*common, *common, *rare])})
    shown = ["''", "(no label)", "None", *(f"label {number:03d}" for number in range(115)), "others"]
    assert legend(figure) == ["others", *shown]
    assert counts(figure) == [3, *[2] * 119]


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


def test_a_map_of_a_filter_has_the_items_that_it_selects(tmp_path: Path) -> None:
    labels = {str(level): "ab"[level % 2] for level in range(15)}
    with grey_searcher(tmp_path, {key: int(key) for key in labels}, labels) as searcher:
        figure = draw_map(searcher.store, where={"label": "a", "id": {">": 2}})
    assert legend(figure) == ["a"]
    assert counts(figure) == [6]
    assert figure.texts[0].get_text() == "t-SNE of 6 items, recipe toy"


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
    monkeypatch.setattr(tsne, "tsne", lambda _: np.array([[0, 0]] * 5 + [[1, 1]], np.float32))
    figure = map_of(tmp_path, dict.fromkeys("123456", "Ⓐ"))
    assert legend(figure) == ["Ⓐ"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["Ⓐ"]
    # matplotlib warns of a letter that no font has, and warnings are errors here.
    assert size(figure_file.encode(figure))[1] == 1182


def test_a_map_of_thumbnails_frames_each_in_its_labels_colour(tmp_path: Path) -> None:
    levels = {str(number): 20 * number for number in range(6)}
    labels = {key: "dark" if level < 60 else "light" for key, level in levels.items()}
    with grey_searcher(tmp_path, levels, labels) as searcher:
        figure = draw_map(searcher.store, pictures=Pictures())
    axes = figure.axes[0]
    assert figure.texts[0].get_text() == "t-SNE of 6 items, recipe toy, 6 pictures"
    assert [int(np.array(image.get_array())[0, 0, 0]) for image in axes.images] == list(levels.values())
    assert [to_hex(frame.get_edgecolor()) for frame in axes.patches] == [palette.LABEL_COLOURS[0]] * 3 + [
        palette.LABEL_COLOURS[1]
    ] * 3
    assert axes.get_xlim() == axes.get_ylim() == (-0.02, 1.02)


PICTURES = Pictures()


def map_of_thumbnails(folder: Path, thumbnails: Sequence[bytes | None], pictures: Pictures = PICTURES) -> Figure:
    """Draw the map of a store of imported vectors, each with a thumbnail or none."""
    items = [NewItem(f"a/{number}.png", b"", "one", {}, thumbnail) for number, thumbnail in enumerate(thumbnails)]
    with Store.create(folder / "store", Embedding(2, "f" * 64)) as store:
        store.append(items, [[number, 0] for number in range(len(items))])
        return draw_map(store, pictures=pictures)


def test_only_the_pictures_that_there_are_are_counted(tmp_path: Path) -> None:
    figure = map_of_thumbnails(tmp_path, [png(grey(3)), None, None, png(grey(4)), None])
    assert figure.texts[0].get_text().endswith(", 2 pictures")
    assert (len(figure.axes[0].images), len(figure.axes[0].patches)) == (2, 5)


def test_a_map_grows_with_the_size_of_its_pictures(tmp_path: Path) -> None:
    figure = map_of_thumbnails(tmp_path, [png(grey(level, 32)) for level in range(12)], Pictures(200))
    figure.draw_without_rendering()
    drawn = [image.get_window_extent() for image in figure.axes[0].images]
    assert len(drawn) == 12
    assert [size / figure.dpi * figure_file.DPI for box in drawn for size in (box.width, box.height)] == pytest.approx(
        [200] * 24, abs=8
    )


def test_names_of_files_are_below_their_pictures(tmp_path: Path) -> None:
    figure = map_of_thumbnails(tmp_path, [png(grey(level)) for level in range(6)], Pictures(names=True))
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == [f"{number}.png" for number in range(6)]
    for image, text in zip(axes.images, axes.texts, strict=True):
        left, right, bottom, _ = image.get_extent()
        assert text.get_position()[0] == pytest.approx((left + right) / 2)
        assert bottom - 0.01 < text.get_position()[1] < bottom


def test_a_size_without_sense_is_refused() -> None:
    for side in (15, 513):
        assert error_message(FigureUnusable, Pictures, side) == (
            f"expected pictures of 16 to 512 pixels a side, got {side}"
        )


def test_a_map_of_thumbnails_of_a_store_without_any_is_refused(tmp_path: Path) -> None:
    assert error_message(FigureUnusable, map_of_thumbnails, tmp_path, [None] * 5) == (
        "expected thumbnails to draw, got a store without any: leave --thumbnails out"
    )


def test_a_thumbnail_that_is_no_image_or_a_large_one_counts_as_none(tmp_path: Path) -> None:
    large = png(np.zeros((1025, 1024), np.uint8))
    figure = map_of_thumbnails(tmp_path, [*[png(grey(3))] * 3, b"no picture", large])
    assert figure.texts[0].get_text().endswith(", 3 pictures")
    assert len(figure.axes[0].images) == 3
    broken = {**THUMBNAILS, 2: png(grey(1))[:-20]}
    results = [QueryResult("item 0", hits("cat", "dog", "cat"), item=ITEM)]
    images, drawn = (
        [len(axes.images) for axes in draw_neighbours(results, pngs).axes] for pngs in (THUMBNAILS, broken)
    )
    assert (sum(images), sum(drawn)) == (sum(images), sum(images) - 1)


def test_a_name_is_written_where_its_label_is_dense_and_not_where_it_is_mixed_or_scattered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: dict[str, list[tuple[float, float]]] = {
        "dense": [(0.1, 0.1)],
        "odd": [(0.9, 0.9)],
        "even": [(0.9, 0.9)],
        "scattered": [(0, 1), (1, 0), (0, 0.5), (0.5, 1), (1, 0.4)],
    }
    labels = {f"{label} {number}": label for label in places for number in range(15)}
    # What t-SNE makes of vectors differs among processors and versions.
    points = np.array([places[label][number % len(places[label])] for label in places for number in range(15)])
    monkeypatch.setattr(tsne, "tsne", lambda _: points)
    figure = map_of(tmp_path, labels)
    assert legend(figure) == ["dense", "even", "odd", "scattered"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["dense"]
