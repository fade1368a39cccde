"""`python -m search duplicates` and `suspects`: their output and errors."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from storage import Embedding, Store
from tests.commands import Command
from tests.search.stores import LEVELS, grey_store
from tests.toys import TOY

NEAR = {"a": 10, "b": 200, "c": 12}


def test_duplicates_are_printed_as_json_and_as_a_table_and_drawn(search: Command, tmp_path: Path) -> None:
    store = grey_store(tmp_path, NEAR, {"a": "low"})
    figure = tmp_path / "duplicates.png"
    distance: float = pytest.approx(4 / 255, abs=1e-6)  # type: ignore[assignment]
    assert search.json("duplicates", "--store", store, "--radius", 0.1, "--figure", figure) == {
        "radius": 0.1,
        "auto": None,
        "between": None,
        "items": 3,
        "others": 1,
        "groups": [
            {
                "kept": {"id": 0, "key": "a", "label": "low", "keep": True, "reason": "first"},
                "others": [
                    {
                        "id": 2,
                        "key": "c",
                        "label": None,
                        "distance": distance,
                        "kind": "looks alike",
                        "confidence": None,
                        "keep": False,
                        "reason": "later",
                        "differs": {"label": ["low", None]},
                    }
                ],
            }
        ],
    }
    assert figure.is_file()
    status, out, err = search("duplicates", "--store", store, "--radius", 0.1)
    assert (status, err) == (0, "")
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0] == "1 group of duplicates within 0.1: 1 of 3 items could be deleted"
    assert ["0.0157" in line for line in lines if "│" in line] == [False, True]


def test_without_a_radius_pictures_are_compared_and_what_is_found_is_foretold(search: Command, store: Path) -> None:
    for options in ([], ["--radius", "auto"]):
        document = search.json("duplicates", "--store", store, *options)
        assert document["radius"] is None
        assert document["auto"]["sample"] == len(LEVELS)
        assert document["auto"].keys() == {
            *(
                "sample",
                "whole",
                "found",
                "found_share",
                "held_back",
                "held_back_share",
                "called_copies",
                "copies_share",
                "pairs_left_out",
            )
        }
        assert document["groups"] == []
    assert "from 40 copies of 4 pictures" in search("duplicates", "--store", store)[1]


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
    assert ["│", "-", "│", "1.00", "│", "y", "│", "x", "│", "2", "│", "c", "│"] in lines


def test_outliers_are_printed_as_json_and_as_a_table_and_drawn(search: Command, tmp_path: Path) -> None:
    store, figure = grey_store(tmp_path, {"a": 0, "b": 2, "c": 5, "d": 200}), tmp_path / "outliers.png"
    document = search.json("outliers", "--store", store, "-k", 1, "--min-score", 2, "--figure", figure)
    assert (document["k"], document["items"]) == (1, 4)
    assert [(outlier["key"], round(outlier["score"], 3)) for outlier in document["outliers"]] == [("d", 78)]
    assert figure.is_file()
    status, out, err = search("outliers", "--store", store, "-k", 1, "--limit", 1)
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert " ".join(lines[0]) == ("the one of 4 items that is farthest from all others, 78.00 times as far as usual:")
    assert ["│", "78.00", "│", "1.5294", "│", "-", "│", "3", "│", "1", "│", "d", "│"] in lines


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
