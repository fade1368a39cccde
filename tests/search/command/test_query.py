"""`python -m search query`: its output, errors and exit status."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from storage import Store
from tests.commands import Command
from tests.processes import run_python
from tests.search.command.hits import OF_DARK, hit
from tests.toys import grey, png

ONE_QUERY = "expected exactly one of --image, --id, --key, --vector, --like and --random"


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


def test_examples_query_together_and_are_in_no_answer(search: Command, store: Path) -> None:
    document = search.json("query", "--store", store, "--like", 0, "--like", 2, "-k", 1)
    assert document == {"k": 1, "query": {"asked": "items 0, 2"}, "hits": [hit(1, "dark", 0.2)]}
    document = search.json("query", "--store", store, "--like", 1, "--unlike", 3, "-k", 1)
    assert document == {"k": 1, "query": {"asked": "item 1, unlike item 3"}, "hits": [hit(1, "black", 0)]}


def test_unlike_alone_is_refused(search: Command, store: Path) -> None:
    status, out, err = search("query", "--store", store, "--id", 0, "--unlike", 1)
    assert (status, out) == (2, "")
    assert "expected --like beside --unlike: what to find more like" in err


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


def test_a_missing_store_is_one_line_and_exit_status_1(search: Command, tmp_path: Path) -> None:
    path = tmp_path / "none"
    assert search("query", "--store", path, "--id", 0) == (
        1,
        "",
        f"error: expected a store at {path}, found nothing there: "
        f"make one with `lookalike ingest SOURCE --store {path}`, or name the right folder\n",
    )


def test_a_query_by_id_imports_neither_tensorflow_nor_matplotlib_nor_scikit_learn(store: Path) -> None:
    done = run_python("-X", "importtime", "-m", "search", "query", "--store", store, "--id", 1, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["hits"] == OF_DARK
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert {"faiss", "sqlalchemy", "search", "pyarrow"} <= loaded
    assert loaded & {"tensorflow", "keras", "matplotlib", "sklearn", "onnx", "mlxtend", "cv2"} == set()
