"""`python -m benchmarks recipes` and `copies`: what they print and draw."""

import json
from pathlib import Path

import cv2
import pytest

from benchmarks.__main__ import app
from benchmarks.commands import accuracy
from ingest.embedding.recipes import RECIPES
from tests.commands import Command
from tests.toys import TOY, toy_backbone, write_greys


@pytest.fixture(autouse=True)
def toy_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the toy recipe, and replace VGG16 by the toy backbone."""
    monkeypatch.setitem(RECIPES, "toy", TOY)
    monkeypatch.setattr(accuracy, "vgg16_factory", lambda *_: toy_backbone())


@pytest.fixture
def images(tmp_path: Path) -> Path:
    levels = {"dark/0.png": 0, "dark/20.png": 20, "dark/40.png": 40}
    levels |= {"light/200.png": 200, "light/220.png": 220, "light/240.png": 240}
    return write_greys(tmp_path / "images", levels)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(app, monkeypatch, capsys)


def test_recipes_prints_only_json_and_draws_the_figure(run: Command, images: Path, tmp_path: Path) -> None:
    figure = tmp_path / "recipes.png"
    args = ("--recipe", "toy", "--test", 2, "--quick", "--figure", figure, "--json")
    status, out, _ = run("recipes", f"folder:{images}", *args)
    report = json.loads(out)
    assert (status, report["stored"], report["asked"], len(report["twins"])) == (0, 4, 2, 2)
    assert [score["recipe"] for score in report["scores"]] == ["raw pixels", "toy"]
    assert set(report["scores"][1]) == {
        "recipe",
        "one_nn_accuracy",
        "ci95",
        "per_split",
        "one_nn_accuracy_without_twins",
        "recall_at",
        "map_at_10",
        "map_at_r",
        "dim",
        "bytes_per_item",
        "images_per_second",
        "fit_seconds",
    }
    assert cv2.imread(str(figure)) is not None
    picture = images / "dark/0.png"
    before = picture.read_bytes()
    assert run("recipes", f"folder:{images}", "--figure", picture, "--force") == (
        1,
        "",
        f"error: expected a new file for the figure, got {picture}, which belongs to the store or "
        "its source: name another path\n",
    )
    assert picture.read_bytes() == before


def test_recipes_prints_a_table(run: Command, images: Path) -> None:
    status, out, _ = run("recipes", f"folder:{images}", "--recipe", "toy", "--test", 2)
    assert status == 0
    assert out.splitlines()[0].rstrip() == "Recipes on folder: 2 query images, 4 stored, 5 splits"
    assert "raw pixels" in out


def test_copies_prints_the_share_of_each_kind(run: Command, images: Path) -> None:
    status, out, _ = run("copies", f"folder:{images}", "--recipe", "toy", "--json")
    report = json.loads(out)
    assert (status, report["recipe"], report["originals"], report["by_kind"]["half size"]) == (0, "toy", 6, 1.0)
