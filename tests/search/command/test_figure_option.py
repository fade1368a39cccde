"""`python -m search map`, and `--figure` of the other commands: what is drawn, and which files it replaces."""

import json
from pathlib import Path

import cv2
import pytest

from ingest.job import ingest
from tests.commands import Command
from tests.search.command.hits import OF_DARK
from tests.search.stores import grey_store
from tests.storage.stores import files
from tests.toys import TOY, grey, png, toy_backbone, write_greys


def test_a_figure_is_drawn_besides_the_output(search: Command, store: Path, tmp_path: Path) -> None:
    document = search.json("query", "--store", store, "--id", 1, "--figure", tmp_path / "figure.png")
    assert document["hits"] == OF_DARK
    image = cv2.imread(str(tmp_path / "figure.png"))
    assert image is not None
    assert image.shape == (315, 933, 3)


@pytest.mark.parametrize("options", [["--size", 96], ["--names"]])
def test_options_of_pictures_go_with_pictures(
    search: Command, store: Path, tmp_path: Path, options: list[object]
) -> None:
    figure = tmp_path / "map.png"
    status, out, err = search("map", "--store", store, "--figure", figure, *options)
    assert (status, out) == (2, "")
    assert "expected --thumbnails beside --size and --names" in err
    more = grey_store(tmp_path / "more", {str(level): level for level in range(9)})
    drawn = search("map", "--store", more, "--figure", figure, "--thumbnails", *options)
    assert drawn == (0, f"Drew {figure}\n", "")


def test_a_map_is_drawn(search: Command, store: Path, tmp_path: Path) -> None:
    more = grey_store(tmp_path / "more", {str(level): level for level in range(9)})
    assert search("map", "--store", more, "--figure", tmp_path / "[map] :cat:.png") == (
        0,
        f"Drew {tmp_path / '[map] :cat:.png'}\n",
        "",
    )
    image = cv2.imread(str(tmp_path / "[map] :cat:.png"))
    assert image is not None
    assert image.shape == (1182, 1285, 3)
    assert search("map", "--store", store, "--figure", tmp_path / "few.png") == (
        1,
        "",
        "error: expected at least 5 items to draw a map, got 4: ingest more\n",
    )
    assert search("map", "--store", more, "--figure", tmp_path / "few.png", "--where", "id<3") == (
        1,
        "",
        "error: expected at least 5 items to draw a map, got 3: use another filter\n",
    )


def test_without_a_neighbour_the_answer_is_printed_and_no_figure_drawn(
    search: Command, store: Path, tmp_path: Path
) -> None:
    figure = tmp_path / "neighbours.png"
    ended = search("query", "--store", store, "--id", 0, "--where", "id=0", "--figure", figure, "--json")
    assert (ended[0], json.loads(ended[1])["hits"], figure.exists()) == (0, [], False)
    assert ended[2].startswith("drew no figure: expected at least one neighbour to draw, got none: ")


@pytest.mark.parametrize(
    "command", [("map",), ("query", "--id", "0"), ("duplicates",), ("suspects",)], ids=lambda command: command[0]
)
def test_a_figure_that_cannot_be_written_is_refused_first(
    search: Command, tmp_path: Path, command: tuple[str, ...]
) -> None:
    figure = tmp_path / "none" / "figure.png"
    assert search(*command, "--store", tmp_path / "no store either", "--figure", figure) == (
        1,
        "",
        f"error: expected a folder for the figure figure.png, found none at {tmp_path / 'none'}: make it first\n",
    )


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder of pictures beside the store `pictures-store` that was made from it."""
    levels = {f"{label}/{level}.png": level for level in (0, 20, 40, 200, 220, 240) for label in ("a", "b")}
    folder = write_greys(tmp_path / "pictures", levels)
    ingest(f"folder:{folder}", tmp_path / "pictures-store", recipe=TOY, make_backbone=toy_backbone())
    return folder


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["unforced", "forced"])
@pytest.mark.parametrize(
    "command", [("map",), ("query", "--id", "0"), ("duplicates",), ("suspects",)], ids=lambda command: command[0]
)
def test_a_picture_that_the_store_knows_is_never_replaced_by_a_figure(
    search: Command, pictures: Path, tmp_path: Path, command: tuple[str, ...], force: tuple[str, ...]
) -> None:
    (tmp_path / "link.png").symlink_to(pictures / "a/0.png")
    (tmp_path / "hard link.png").hardlink_to(pictures / "b/20.png")
    before = files(pictures)
    for figure in (
        pictures / "a/0.png",
        pictures / "../pictures/a/0.png",
        tmp_path / "link.png",
        tmp_path / "hard link.png",
    ):
        assert search(*command, "--store", tmp_path / "pictures-store", "--figure", figure, *force) == (
            1,
            "",
            f"error: expected a new file for the figure, got {figure}, which belongs to the store or "
            "its source: name another path\n",
        )
    assert files(pictures) == before


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["unforced", "forced"])
def test_the_image_of_a_query_is_never_replaced_by_its_figure(
    search: Command, store: Path, tmp_path: Path, force: tuple[str, ...]
) -> None:
    image = tmp_path / "image.png"
    image.write_bytes(png(grey(60)))
    (tmp_path / "link.png").symlink_to(image)
    before = image.read_bytes()
    for figure in (image, tmp_path / "link.png", store / ".." / "image.png"):
        assert search("query", "--store", store, "--image", image, "--figure", figure, *force) == (
            1,
            "",
            f"error: expected a new file for the figure, got {figure}, which this command reads: name another path\n",
        )
    assert image.read_bytes() == before


@pytest.mark.parametrize(
    "command", [("map",), ("query", "--id", "0"), ("duplicates",), ("suspects",)], ids=lambda command: command[0]
)
def test_another_file_is_replaced_by_a_figure_only_when_forced(
    search: Command, pictures: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    photograph = pictures / "unknown.png"
    photograph.write_bytes(png(grey(60)))
    before = photograph.read_bytes()
    arguments = (*command, "--store", tmp_path / "pictures-store", "--figure", photograph)
    assert search(*arguments) == (
        1,
        "",
        f"error: expected a new file for the figure, got {photograph}, which is no figure of Lookalike's: name another "
        "path, or give --force to replace it\n",
    )
    assert photograph.read_bytes() == before
    assert search(*arguments, "--force")[0] == 0
    drawn = photograph.read_bytes()
    assert drawn != before
    assert search(*arguments)[0] == 0
    assert photograph.read_bytes() == drawn
