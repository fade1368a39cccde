"""`python -m search`: its output, errors and exit status."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pytest

from ingest.job import ingest
from search import searcher
from search.__main__ import app
from storage import Embedding, Store
from tests.commands import Command
from tests.processes import run_python
from tests.search.stores import LABELS, LEVELS, SIZE, grey_store
from tests.storage.stores import files
from tests.toys import TOY, grey, png, toy_backbone, write_greys

ONE_QUERY = "expected exactly one of --image, --id, --key, --vector and --random"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return grey_store(tmp_path)


@pytest.fixture(autouse=True)
def toy_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searcher, "vgg16_factory", lambda _=None: toy_backbone())


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(app, monkeypatch, capsys)


def hit(rank: int, key: str, distance: float) -> dict[str, Any]:
    return {
        "rank": rank,
        "id": list(LEVELS).index(key),
        "key": key,
        "label": LABELS.get(key),
        "distance": pytest.approx(distance, abs=1e-6),
        "metadata": SIZE,
    }


OF_DARK = [hit(1, "black", 0.4), hit(2, "light", 0.8), hit(3, "white", 1.2)]


def test_json_is_the_only_output(search: Command, store: Path) -> None:
    assert search.json("query", "--store", store, "--id", 1) == {
        "k": 5,
        "query": {"asked": "item 1 (dark)", "id": 1, "key": "dark", "label": "low"},
        "hits": OF_DARK,
    }


def test_a_key_queries_as_its_id_does_and_k_limits_the_hits(search: Command, store: Path) -> None:
    assert search.json("query", "--store", store, "--key", "dark", "-k", 2) == {
        "k": 2,
        "query": {"asked": "item 1 (dark)", "id": 1, "key": "dark", "label": "low"},
        "hits": OF_DARK[:2],
    }


def test_an_image_finds_the_most_similar_items(search: Command, store: Path, tmp_path: Path) -> None:
    (tmp_path / "query.png").write_bytes(png(grey(61)))
    assert search.json("query", "--store", store, "--image", tmp_path / "query.png", "-k", 2) == {
        "k": 2,
        "query": {"asked": str(tmp_path / "query.png")},
        "hits": [hit(1, "dark", 20 / 255), hit(2, "black", 122 / 255)],
        "drift": 0.0,
    }


def test_an_image_whose_name_is_not_utf_8_can_be_a_query(search: Command, store: Path, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    path.write_bytes(png(grey(61)))
    document = search.json("query", "--store", store, "--image", path, "-k", 1)
    assert document["hits"] == [hit(1, "dark", 20 / 255)]


def test_a_seed_draws_the_same_item_again(search: Command, store: Path) -> None:
    drawn = [search.json("query", "--store", store, "--random", "--seed", 6) for _ in range(2)]
    key = drawn[0]["query"]["key"]
    assert drawn == [search.json("query", "--store", store, "--key", key)] * 2


def test_the_table_goes_to_standard_output(search: Command, store: Path) -> None:
    status, out, err = search("query", "--store", store, "--id", 1, "-k", 1)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].rstrip() == "Nearest to item 1 (dark), label low"
    assert "black" in lines[-2]
    assert "0.4000" in lines[-2]


def test_a_figure_is_drawn_besides_the_output(search: Command, store: Path, tmp_path: Path) -> None:
    document = search.json("query", "--store", store, "--id", 1, "--figure", tmp_path / "figure.png")
    assert document["hits"] == OF_DARK
    image = cv2.imread(str(tmp_path / "figure.png"))
    assert image is not None
    assert image.shape == (315, 933, 3)


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


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--id", "0", "--random"],
        ["--id", "0", "--key", "dark"],
        ["--image", "a.png", "--id", "0"],
        ["--id", "0", "--key", "dark", "--random", "--image", "a.png"],
    ],
    ids=" ".join,
)
def test_exactly_one_query_option_is_expected(search: Command, store: Path, options: list[str]) -> None:
    status, out, err = search("query", "--store", store, *options)
    assert (status, out) == (2, "")
    assert ONE_QUERY in err


def test_a_vector_in_a_file_queries_as_an_image_does(search: Command, store: Path, tmp_path: Path) -> None:
    with Store.open(store) as opened:
        np.save(tmp_path / "vector.npy", opened.vectors([1])[0].astype(">f8"))
    document = search.json("query", "--store", store, "--vector", tmp_path / "vector.npy", "-k", 2)
    assert document == {"k": 2, "query": {"asked": "a vector"}, "hits": [hit(1, "dark", 0), hit(2, "black", 0.4)]}


def test_filters_and_excluded_ids_choose_the_items_that_are_searched(search: Command, store: Path) -> None:
    of_white = ("query", "--store", store, "--key", "white")
    for options, keys in (
        (["--where", "label=low"], ["dark", "black"]),
        (["--where", "label=low", "--where", "width>=8", "--exclude", 1], ["black"]),
        (["--exclude", 0, "--exclude", 1, "--exclude", 99], ["light"]),
    ):
        assert [hit["key"] for hit in search.json(*of_white, *options)["hits"]] == keys
    assert search(*of_white, "--where", "widht=8") == (
        1,
        "",
        "error: expected a field that an item has (id, key, label, height, width), got 'widht': name one of them\n",
    )


@pytest.mark.parametrize(
    ("options", "note"),
    [
        (["--where", "width>8"], "no item fulfils the filter"),
        (["--where", "not exists label"], "there is no other item that fulfils the filter"),
        (["--where", "key=white"], "there is no other item that fulfils the filter"),
        (["--where", "label=low", "--radius", 0.01], "no other item that fulfils the filter is within the radius 0.01"),
        (["--radius", 0.01], "no other item is within the radius 0.01"),
        (["--exclude", 0, "--exclude", 1, "--exclude", 2], "there is no other item"),
        (
            ["--where", "exists widht"],
            "no item has the field 'widht'; the fields are id, key, label, height, width\nno item fulfils the filter",
        ),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else None,
)
def test_an_empty_answer_says_why_on_standard_error(
    search: Command, store: Path, options: list[object], note: str
) -> None:
    status, out, err = search("query", "--store", store, "--key", "white", *options, "--json")
    assert (status, json.loads(out)["hits"], err) == (0, [], f"{note}\n")


def test_exists_with_a_field_that_no_item_has_is_noted_whatever_it_selects(search: Command, store: Path) -> None:
    status, out, err = search("query", "--store", store, "--key", "white", "--where", "not exists widht", "--json")
    assert (status, len(json.loads(out)["hits"])) == (0, 3)
    assert err == "no item has the field 'widht'; the fields are id, key, label, height, width\n"


def test_a_radius_finds_all_items_within_it_and_k_limits_them(search: Command, store: Path) -> None:
    of_dark = ("query", "--store", store, "--id", 1, "--radius", 0.9)
    query = {"query": {"asked": "item 1 (dark)", "id": 1, "key": "dark", "label": "low"}}
    assert search.json(*of_dark) == {"radius": 0.9, **query, "hits": OF_DARK[:2]}
    assert search.json(*of_dark, "-k", 1) == {"k": 1, "radius": 0.9, **query, "hits": OF_DARK[:1]}


def test_an_unknown_item_is_one_line_and_exit_status_1(search: Command, store: Path) -> None:
    for query, named in ((["--id", 99], "id 99"), (["--key", "no\nkey"], r"key 'no\nkey'")):
        assert search("query", "--store", store, *query, "--json") == (
            1,
            "",
            f"error: expected an item of {store}, got {named}, which it does not hold: "
            "see `lookalike store info` for what it holds\n",
        )


def test_a_k_of_zero_is_one_line_and_exit_status_1(search: Command, store: Path) -> None:
    assert search("query", "--store", store, "--id", 0, "-k", 0) == (
        1,
        "",
        "error: expected k to be a whole number of at least 1, got 0\n",
    )


def test_a_missing_store_is_one_line_and_exit_status_1(search: Command, tmp_path: Path) -> None:
    path = tmp_path / "none"
    assert search("query", "--store", path, "--id", 0) == (
        1,
        "",
        f"error: expected a store at {path}, found nothing there: "
        f"make one with `lookalike ingest SOURCE --store {path}`, or name the right folder\n",
    )


NEAR = {"a": 10, "b": 200, "c": 12}


def test_duplicates_are_printed_as_json_and_as_a_table_and_drawn(search: Command, tmp_path: Path) -> None:
    store = grey_store(tmp_path, NEAR, {"a": "low"})
    figure = tmp_path / "duplicates.png"
    distance: float = pytest.approx(4 / 255, abs=1e-6)  # type: ignore[assignment]
    assert search.json("duplicates", "--store", store, "--radius", 0.1, "--figure", figure) == {
        "radius": 0.1,
        "auto": None,
        "items": 3,
        "others": 1,
        "groups": [
            {
                "kept": {"id": 0, "key": "a", "label": "low"},
                "others": [{"id": 2, "key": "c", "label": None, "distance": distance}],
            }
        ],
    }
    assert figure.is_file()
    status, out, err = search("duplicates", "--store", store, "--radius", 0.1)
    assert (status, err) == (0, "")
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0] == "1 group of duplicates within 0.1: 1 of 3 items could be deleted"
    assert ["0.0157" in line for line in lines if "│" in line] == [False, True]


def test_the_radius_is_chosen_from_the_stores_own_images_unless_it_is_given(search: Command, store: Path) -> None:
    for options in ([], ["--radius", "auto"]):
        document = search.json("duplicates", "--store", store, *options)
        assert document["radius"] == document["auto"]["radius"]
        assert document["auto"]["sample"] == len(LEVELS)
        assert document["groups"] == []
    assert "from perturbed copies of 4 sampled images" in search("duplicates", "--store", store)[1]


def test_a_radius_that_is_no_number_is_wrong_usage(search: Command, store: Path) -> None:
    status, out, err = search("duplicates", "--store", store, "--radius", "near")
    assert (status, out) == (2, "")
    assert "expected --radius to be a number or auto, got 'near'" in err


def test_label_issues_are_printed_as_json_and_as_a_table_and_drawn(search: Command, tmp_path: Path) -> None:
    levels, labels = {"a": 0, "b": 2, "c": 5, "d": 200, "e": 202}, {"a": "x", "b": "x", "c": "y", "d": "y", "e": "y"}
    store, figure = grey_store(tmp_path, levels, labels), tmp_path / "suspects.png"
    document = search.json("suspects", "--store", store, "-k", 2, "--figure", figure)
    assert (document["k"], document["judged"], document["unlabelled"], document["single"]) == (2, 5, 0, 0)
    assert [(issue["key"], issue["label"], issue["said"], issue["sure"]) for issue in document["suspects"]] == [
        ("c", "y", "x", 1.0)
    ]
    assert figure.is_file()
    status, out, err = search("suspects", "--store", store, "-k", 2)
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert " ".join(lines[0]) == "1 of 5 items have another label than their neighbours"
    assert ["│", "1.00", "│", "y", "│", "x", "│", "2", "│", "c", "│"] in lines


@pytest.mark.parametrize("head", ["trained", "ridge"])
def test_label_issues_say_when_the_vectors_were_trained_on_the_labels(
    search: Command, tmp_path: Path, head: Literal["trained", "ridge"]
) -> None:
    embedding = Embedding(4, "f" * 64, {"recipe": replace(TOY, head=head).as_json(), "fitted_on": 2})
    Store.create(tmp_path / "store", embedding).close()
    assert json.loads(search("suspects", "--store", tmp_path / "store", "--json")[1])["trained_on_labels"] is True
    assert search("suspects", "--store", tmp_path / "store")[2] == (
        "the vectors of this store were trained on its labels, which hides wrong ones and is no measurement: ingest "
        "into another store with --recipe auto\n"
    )


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


def test_a_query_by_id_imports_neither_tensorflow_nor_matplotlib_nor_scikit_learn(store: Path) -> None:
    done = run_python("-X", "importtime", "-m", "search", "query", "--store", store, "--id", 1, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["hits"] == OF_DARK
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert {"faiss", "sqlalchemy", "search"} <= loaded
    assert loaded & {"tensorflow", "keras", "matplotlib", "sklearn", "onnx", "mlxtend", "cv2", "pyarrow"} == set()
